"""How Telegram shows the controls of a surface: as an inline keyboard whose buttons carry what they do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import InlineKeyboardButtonLimit

from bots.shared.controls import siblings
from bots.shared.surface import Action, Control
from core.domain import MessageId, TurnId, answer_id
from core.wording import Sentence, say

MOST = int(InlineKeyboardButtonLimit.MAX_CALLBACK_DATA)
"""Bytes of `callback_data` (64)."""
EARLIER, LATER = "‹", "›"
LABELS: Mapping[Action, Sentence] = {
    Action.STOP: Sentence.BUTTON_STOP,
    Action.RETRY: Sentence.BUTTON_RETRY,
    Action.CONTINUE: Sentence.BUTTON_CONTINUE,
}
_LETTERS: Mapping[Action, str] = {Action.STOP: "s", Action.RETRY: "r", Action.CONTINUE: "c", Action.SHOW: "w"}
_ACTIONS = {letter: action for action, letter in _LETTERS.items()}
_OURS = "telegram:"
"""How the ids of turns on Telegram begin (`translate`)."""
_DATA = re.compile(r"(?P<action>[srcw])(?P<owner>\d{1,20})(?:/(?P<turn>[!-~]+)|=(?P<message>[!-~]+))")


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button carries, so that it works in any process: what it does, about which answer, and who asked."""

    action: Action
    owner: int
    message: MessageId

    @property
    def data(self) -> str:
        """The answer of a turn on Telegram is named by what is its own in its id. May be longer than `MOST`."""
        turn = self.message.removeprefix(_OURS).removesuffix(answer_id(TurnId("")))
        short = answer_id(TurnId(_OURS + turn)) == self.message
        return f"{_LETTERS[self.action]}{self.owner}" + (f"/{turn}" if short else f"={self.message}")


def carries(keyboard: InlineKeyboardMarkup | None, data: str) -> bool:
    """Whether there is such a button under the message. A client can send any data; the keyboard comes from Telegram."""
    rows = keyboard.inline_keyboard if keyboard else ()
    return any(button.callback_data == data for row in rows for button in row)


def pressed(data: str) -> Pressed | None:
    """None for what is not on a button under an answer."""
    found = _DATA.fullmatch(data)
    if found is None:
        return None
    message = MessageId(found["message"]) if found["message"] else answer_id(TurnId(_OURS + found["turn"]))
    return Pressed(_ACTIONS[found["action"]], int(found["owner"]), message)


def keyboard(controls: Sequence[Control], owner: int, language: str) -> InlineKeyboardMarkup | None:
    """None where there is nothing to press. owner: the id of the person who asked."""
    rows = [list(_deeds(controls, owner, language)), list(_ways(controls, owner))]
    full = [row for row in rows if row]
    return InlineKeyboardMarkup(full) if full else None


def _deeds(controls: Sequence[Control], owner: int, language: str) -> Iterator[InlineKeyboardButton]:
    for control in controls:
        if control.action in LABELS:
            yield from _button(say(LABELS[control.action], language), Pressed(control.action, owner, control.message))


def _ways(controls: Sequence[Control], owner: int) -> Iterator[InlineKeyboardButton]:
    """Telegram has no button that cannot be pressed: the one in the middle leads to where one is."""
    shown = siblings(controls)
    if shown is None:
        return
    here = f"{shown.number}/{shown.count}", controls[0].message
    ways = ((EARLIER, shown.earlier), here, (LATER, shown.later))
    for label, message in ways:
        if message is not None:
            yield from _button(label, Pressed(Action.SHOW, owner, message))


def _button(label: str, what: Pressed) -> Iterator[InlineKeyboardButton]:
    """Nothing where the answer's id is too long for a button: one that does nothing would be worse."""
    if len(what.data.encode()) <= MOST:
        yield InlineKeyboardButton(label, callback_data=what.data)

"""How Discord shows the controls of a surface: as buttons that carry what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.shared.controls import siblings
from bots.shared.surface import Action, Control
from core.domain import MessageId
from core.wording import Sentence, say

ACTION_ROW, BUTTON, SECONDARY = 1, 2, 2
"""Component types and the button style, from "Component Reference" in Discord's reference."""
ROW = 5
"""Buttons of an action row at most, from the same page."""
MARK = "parlour"
EARLIER, LATER = "‹", "›"
LABELS: Mapping[Action, Sentence] = {
    Action.STOP: Sentence.BUTTON_STOP,
    Action.RETRY: Sentence.BUTTON_RETRY,
    Action.CONTINUE: Sentence.BUTTON_CONTINUE,
}


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button carries, so that it works in any process: what it does, about which answer, and who asked."""

    action: Action
    owner: str
    message: MessageId

    @property
    def custom_id(self) -> str:
        return f"{MARK}:{self.action.value}:{self.owner}:{self.message}"


def pressed(custom_id: str) -> Pressed | None:
    """None for what no button of ours carries."""
    mark, _, rest = custom_id.partition(":")
    action, _, rest = rest.partition(":")
    owner, _, message = rest.partition(":")
    if mark != MARK or action not in list(Action) or not (owner.isascii() and owner.isdigit()) or not message:
        return None
    return Pressed(Action(action), owner, MessageId(message))


def custom_ids(message: Mapping[str, Any]) -> list[str]:
    """Those of the buttons under *message*."""
    return [part.get("custom_id", "") for row in message.get("components", []) for part in row.get("components", [])]


def components(controls: Sequence[Control], owner: str, language: str) -> list[dict[str, Any]]:
    """Message components for *controls*; *owner* is the id of the person who asked."""
    buttons = list(_buttons(controls, owner, language))
    return [{"type": ACTION_ROW, "components": buttons[at : at + ROW]} for at in range(0, len(buttons), ROW)]


def _buttons(controls: Sequence[Control], owner: str, language: str) -> Iterator[dict[str, Any]]:
    for control in controls:
        if control.action in LABELS:
            label = say(LABELS[control.action], language)
            yield _button(label, Pressed(control.action, owner, control.message).custom_id)
    if shown := siblings(controls):
        yield _way(EARLIER, shown.earlier, owner)
        yield _button(f"{shown.number}/{shown.count}", f"{MARK}:{shown.number}/{shown.count}", disabled=True)
        yield _way(LATER, shown.later, owner)


def _way(label: str, sibling: MessageId | None, owner: str) -> dict[str, Any]:
    if sibling is None:
        return _button(label, f"{MARK}:{label}", disabled=True)
    return _button(label, Pressed(Action.SHOW, owner, sibling).custom_id)


def _button(label: str, custom_id: str, *, disabled: bool = False) -> dict[str, Any]:
    made = {"type": BUTTON, "style": SECONDARY, "label": label, "custom_id": custom_id}
    return made | {"disabled": True} if disabled else made

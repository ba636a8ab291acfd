"""Commands: core's, and the greeting, in Telegram's shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import structlog
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, User

from bots.shared.platform import Desk
from bots.telegram.letters import Remark
from bots.telegram.speaking import Speaker
from bots.telegram.translate import Place, command_of, meant_by, place_at, place_of
from core.conversations.commands import Commands, find
from core.conversations.invoking import Choice, Reaction
from core.domain import Incoming
from core.domain_sharing import Receipt, ReceiptState
from core.errors import ChatError, LeaseLost, NotAllowed, StoreError
from core.wording import Sentence, say

log = structlog.get_logger(__name__)

LEASE = 30.0
"""Seconds for which the receipt of a command is the process's that runs it. Who is told of the command in that time, since
that one was killed, runs it all the same."""
START = "start"
CHOOSE = "choose"
LONGEST_DATA = 64
"""Bytes of a button's data at most ("InlineKeyboardButton" in the Bot API)."""
LINKED = frozenset({"model", "persona"})
"""Commands that a menu's button or a deep link (``?start=persona_pirate``) may run: nothing that takes something away is
among them."""


class MenuCommands:
    """*me*: who the bot is. *show_all*: has an admin's private chat offer what only they may run."""

    def __init__(self, desk: Desk, speaker: Speaker, me: User, show_all: Callable[[int], Awaitable[None]]) -> None:
        self._desk = desk
        self._speaker = speaker
        self._me = me
        self._show_all = show_all
        self._admins: set[int] = set()

    def asked(self, message: Message) -> tuple[str, str] | None:
        """Name and argument of the command that *message* is, where it is for this bot: in groups one that names no bot is,
        if there is such a command here."""
        invoked = command_of(message)
        if invoked is None:
            return None
        name, argument = invoked
        command = find(name)
        if command and command.names_anybody:
            return name, meant_by(message, self._me) or argument
        named = place_of(message).private or f"@{self._me.username}".casefold() in _first_word(message)
        return invoked if named or command else None

    async def run(self, invoked: tuple[str, str], incoming: Incoming, message: int) -> None:
        """Runs it and says what there is to say. *message*: the one that invoked it."""
        name, argument = invoked
        self._recognise(place_at(incoming.address), incoming)
        if name == START:
            name, _, argument = argument.partition("_")
            name = name if name in LINKED else START
        await self._once(name, incoming, lambda: self._remark(name, argument, incoming, message))

    async def _remark(self, name: str, argument: str, incoming: Incoming, message: int) -> Remark | None:
        """None where an answer says it."""
        if name == START:
            return await self._greeting(incoming)
        reaction = await self.react(name, argument, incoming)
        if reaction.private and not place_at(incoming.address).private:
            return Remark(say(Sentence.ALONE_ONLY, incoming.sender.language), replies_to=message)
        return _remark(name, reaction, message) if reaction.turn is None else None

    def _recognise(self, place: Place, incoming: Incoming) -> None:
        """Admins are shown their commands once they use one: that there is a chat with them is known then, and that they are
        still admins."""
        is_admin = any(command.admin_only for command in self._desk.commands.allowed(incoming))
        if is_admin and place.private and place.chat not in self._admins:
            self._admins.add(place.chat)
            self._speaker.soon(self._show_all(place.chat))

    async def _once(self, name: str, incoming: Incoming, run: Callable[[], Awaitable[Remark | None]]) -> None:
        """Nothing is said where it was run before: Telegram delivers it again to who was killed right after that. The reply is
        kept before the command counts as run, so a process that ends in between leaves nobody without a word; and it is said
        after that, so that who reads it is not told of a second run."""
        store, key = self._desk.store, f"command:{incoming.event_id}"
        try:
            receipt = await store.open_receipt(key, name, LEASE)
        except StoreError:
            away = Remark(say(Sentence.STORE_AWAY_UNDONE, incoming.sender.language))
            self._speaker.say(place_at(incoming.address), away)
            return
        if receipt.state is ReceiptState.DONE:
            log.info("command.known", command=name)
            return
        remark = await run()
        noted = partial(self._note, key, receipt)
        if remark is not None and await self._is_known(key, receipt):
            await self._speaker.reply(incoming, place_at(incoming.address), remark, noted)
            return
        await noted()
        if remark is not None:
            self._speaker.say(place_at(incoming.address), remark)

    async def _is_known(self, key: str, receipt: Receipt) -> bool:
        """Where this very command forgot who gave it, its receipt is gone with all the rest, and its reply is not kept."""
        if receipt.state is not ReceiptState.FRESH:
            return True
        try:
            await self._desk.store.renew_receipt(key, receipt.token, LEASE)
        except (LeaseLost, StoreError):
            return False
        return True

    async def _note(self, key: str, receipt: Receipt) -> None:
        """It counts as run."""
        if receipt.state is ReceiptState.FRESH:
            with suppress(StoreError, LeaseLost):
                await self._desk.store.close_receipt(key, receipt.token, "")

    async def _greeting(self, incoming: Incoming) -> Remark:
        name, language = incoming.sender.name, incoming.sender.language
        try:
            await self._desk.commands.admit(incoming)
        except NotAllowed as problem:
            return Remark(say(problem.sentence, language, **problem.values))
        return Remark(say(Sentence.TELEGRAM_GREETING, language, name=name))

    async def choose(self, choice: tuple[str, str], incoming: Incoming, message: int) -> str:
        """Runs a command with what was picked from its menu, which *message* is: what there is to say to who did."""
        name, value = choice
        said = (await self.react(name, value, incoming)).text
        menu_now = await self.react(name, "", incoming)
        if menu_now.choices:
            self._speaker.change(place_at(incoming.address), message, _remark(name, menu_now, message))
        return said

    async def react(self, name: str, argument: str, incoming: Incoming) -> Reaction:
        """What the command, or what is wrong with it, has to say."""
        language = incoming.sender.language
        try:
            return await self._desk.commands.run(name, argument, incoming)
        except ChatError as problem:
            return Reaction(say(problem.sentence, language, **problem.values))
        except StoreError:
            return Reaction(say(Sentence.STORE_AWAY_UNDONE, language))


async def is_admitted(commands: Commands, incoming: Incoming) -> bool:
    """Whether this person may talk to the bot there."""
    try:
        await commands.admit(incoming)
    except NotAllowed:
        return False
    return True


def _first_word(message: Message) -> str:
    return (message.text or "").split(maxsplit=1)[0].casefold()


def _remark(name: str, reaction: Reaction, message: int) -> Remark:
    return Remark(reaction.text, menu(name, reaction), reaction.documents, message)


def menu(name: str, reaction: Reaction) -> InlineKeyboardMarkup | None:
    """A button for each choice of what `chosen` runs; what a button cannot carry can still be typed."""
    if name not in LINKED:
        return None
    rows = [[_button(name, choice)] for choice in reaction.choices if len(_data(name, choice).encode()) <= LONGEST_DATA]
    return InlineKeyboardMarkup(rows) if rows else None


def chosen(data: str) -> tuple[str, str] | None:
    """Command and value of a menu's button; None for what is none. What it says is checked when it is run."""
    mark, _, rest = data.partition(":")
    name, _, value = rest.partition(":")
    return (name, value) if mark == CHOOSE and name in LINKED and value else None


def _button(name: str, choice: Choice) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        f"✓ {choice.label}" if choice.current else choice.label, callback_data=_data(name, choice)
    )


def _data(name: str, choice: Choice) -> str:
    return f"{CHOOSE}:{name}:{choice.value}"

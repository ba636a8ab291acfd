"""What is said on Telegram, on its way into the inbox: once, and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

import structlog
from telegram import Bot, Message, Update, User

from bots.shared.patience import Patience
from bots.shared.platform import Desk
from bots.telegram.buttons import Buttons
from bots.telegram.commands import MenuCommands, is_admitted
from bots.telegram.contents import contents, is_said
from bots.telegram.habits import Habits
from bots.telegram.inline import InlineQuestions
from bots.telegram.library import UNREADABLE
from bots.telegram.moving import Homes, at_home
from bots.telegram.parts import Joining, keep, merged
from bots.telegram.translate import (
    Place,
    is_addressed,
    is_for_another_bot,
    is_from_person,
    person_of,
    place_of,
    revised,
    translate,
    words_of,
)
from core.conversations.cleaning import tidy
from core.domain import ConversationId, Incoming, Part, Ref, TextPart, TurnId, text_of, turn_of

log = structlog.get_logger(__name__)

STOPPED = "stopped_message_generation"
"""Somebody stopped a preview (Bot API 10.3); the library leaves it in `Update.api_kwargs`."""
Line = tuple[Bot, Patience]
"""Where files are fetched, and what waits for them and for the store."""
Hands = tuple[MenuCommands, Buttons, InlineQuestions, Homes]
"""What does at once what people want at once, and what knows where their conversations are."""


class Intake:
    """*me*: who the bot is."""

    def __init__(self, desk: Desk, line: Line, habits: Habits, hands: Hands, me: User) -> None:
        self._desk = desk
        self._bot, self._patience = line
        self._commands, self._buttons, self._inline, self._homes = hands
        self._habits = habits
        self._me = me
        self._joining = Joining()
        self._orders: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._taken: dict[int, None] = {}
        self._became_commands: dict[tuple[int, int], None] = {}

    async def take(self, updates: Sequence[Update]) -> None:
        """Returns when all that is for the bot is stored: those of one chat in the order in which they came. An update
        that comes again runs no command twice."""
        await asyncio.gather(*(self._one(update) for update in updates))

    def asked(self, update: Update) -> Incoming | None:
        """What somebody wants of the bot that is not taken yet; as far as that is known without the store."""
        message = update.message or update.edited_message
        if message is None or update.update_id in self._taken or not is_from_person(message) or not is_said(message):
            return None
        try:
            if is_for_another_bot(message, self._me) or not is_addressed(message, self._me):
                return None
            return self._translated(message, message.chat.id)
        except UNREADABLE:
            return None

    async def admits(self, incoming: Incoming) -> bool:
        return await is_admitted(self._desk.commands, incoming)

    async def _one(self, update: Update) -> None:
        chat = update.effective_chat.id if update.effective_chat else 0
        async with self._orders.setdefault(chat, asyncio.Lock()):
            if update.update_id in self._taken:
                return
            try:
                await self._heard(update)
            except UNREADABLE as problem:
                log.warning("telegram.update_skipped", update=update.update_id, detail=repr(problem))
            keep(self._taken, update.update_id, None)

    async def _heard(self, update: Update) -> None:
        if update.message is not None:
            await self._said(update.message)
        elif update.edited_message is not None:
            await self._edited(update.edited_message, update.update_id)
        elif update.callback_query is not None:
            await self._buttons.pressed(update.callback_query)
        elif update.inline_query is not None:
            await self._inline.typed(update.inline_query)
        elif update.chosen_inline_result is not None:
            await self._inline.chosen(update.chosen_inline_result, update.update_id)
        elif STOPPED in update.api_kwargs:
            await self._stopped(update.api_kwargs[STOPPED])
        else:
            log.debug("telegram.update_ignored", update=update.update_id)

    async def _stopped(self, told: Mapping[str, Any]) -> None:
        """Somebody pressed the button of a preview, which only private chats have."""
        place = Place(told["chat"]["id"], told.get("message_thread_id"))
        conversation = place.conversation(person_of(place.chat), self._habits.scope_in(place.chat, place.chat))
        await self._patience.patiently(lambda: self._desk.store.stop(conversation))

    async def _said(self, message: Message) -> None:
        await self._homes.note(message)
        if not (is_from_person(message) and is_said(message)) or is_for_another_bot(message, self._me):
            return
        home = await self._homes.of(message.chat.id)
        incoming = self._translated(message, home)
        if invoked := self._commands.asked(message):
            await self._commands.run(invoked, incoming, message.message_id)
        elif placed := self._joining.placed(message, incoming, addressed=await self._is_meant(message, incoming, home)):
            await self._put(await self._whole(message, placed))

    async def _edited(self, message: Message, update: int) -> None:
        at = message.edit_date
        if at is None or not is_from_person(message) or is_for_another_bot(message, self._me):
            return
        home = await self._homes.of(message.chat.id)
        incoming = self._translated(message, home)
        if invoked := self._commands.asked(message):
            await self._became(invoked, replace(incoming, event_id=TurnId(f"{incoming.event_id}.{update}")), message)
        elif await self._is_meant(message, incoming, home):
            whole = await self._whole(message, revised(incoming, update, at.timestamp()))
            if whole is None or not whole.parts:
                return  # a live location, which moves all the time
            await self._put(await self._patience.patiently(lambda: self._asked_anew(whole)))

    async def _became(self, invoked: tuple[str, str], incoming: Incoming, message: Message) -> None:
        """A question that is a command now is carried out, once; a command that is edited was carried out already."""
        known = (message.chat.id, message.message_id)
        if known not in self._became_commands and await self._patience.patiently(lambda: self._is_question(incoming)):
            keep(self._became_commands, known, None)
            await self._commands.run(invoked, incoming, message.message_id)

    async def _is_question(self, incoming: Incoming) -> bool:
        """Whether the message was a question; who still waits for the answer waits no more. Raises StoreError."""
        store, ref = self._desk.store, incoming.ref
        asked = await store.shown_as(incoming.conversation, ref) if ref else None
        if asked and ref:
            await store.withdraw(incoming.conversation, ref)
        return asked is not None

    async def _asked_anew(self, edited: Incoming) -> Incoming | None:
        """*edited*, with the other messages that make one question with it. None where the words are the same: Telegram
        also tells of changes that nobody sees."""
        parts = await self._question(edited.conversation, edited.ref)
        if parts and (first := parts[0].origin):
            parts = await self._question(edited.conversation, first)  # as it is since another of them was edited
            edited = replace(edited, parts=merged(parts, edited), ref=first, revises=first)
        return None if parts and tidy(text_of(parts)) == tidy(text_of(edited.parts)) else edited

    async def _question(self, conversation: ConversationId, ref: Ref | None) -> tuple[Part, ...]:
        """What is asked, kept or still to be answered, with the message *ref*. Raises StoreError."""
        store = self._desk.store
        asked = await store.shown_as(conversation, ref) if ref else None
        if asked is None:
            return ()
        if kept := await store.message(conversation, asked):
            return kept.parts
        waiting = await store.asked(conversation, turn_of(asked))
        return waiting.parts if waiting else ()

    def _translated(self, message: Message, home: int) -> Incoming:
        scope = self._habits.scope_in(message.chat.id, home)
        return at_home(translate(message, self._me, scope), home)

    async def _is_meant(self, message: Message, incoming: Incoming, home: int) -> bool:
        """Who may not ask is told so when they ask, and not at every word where everything is answered."""
        if is_addressed(message, self._me):
            return True
        return self._habits.hears_all(message.chat.id, home) and await self.admits(incoming)

    async def _whole(self, message: Message, incoming: Incoming) -> Incoming | None:
        """*incoming* with what came along. None in a group for what holds nothing to read: that is part of what people
        do among themselves."""
        parts = (*incoming.parts, *map(TextPart, await contents(message, self._bot, self._patience)))
        empty = not parts and not words_of(message)
        if empty and not place_of(message).private:
            return None
        origin = incoming.ref if incoming.group else None
        return replace(incoming, parts=tuple(replace(part, origin=origin) for part in parts))

    async def _put(self, incoming: Incoming | None) -> None:
        if incoming is not None:
            fresh = await self._patience.patiently(lambda: self._desk.store.put(incoming))
            log.info("message.stored", turn=incoming.event_id, fresh=fresh)

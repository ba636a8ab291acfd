"""What is said on Discord, on its way into the inbox: once and in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from weakref import WeakValueDictionary

import discord
import structlog

from bots.discord import attachments, threads
from bots.discord.api import Api
from bots.discord.bookmarks import Marks
from bots.discord.habits import Habits
from bots.discord.refusing import Refusals, may_write
from bots.discord.translate import Place, is_addressed, is_from_person, place_of, ref_of, revised, translate
from bots.shared.patience import Patience
from bots.shared.platform import Desk
from core.domain import ConversationId, Incoming, Ref, TextPart

log = structlog.get_logger(__name__)

MOST_HEARD = 10_000
"""Messages remembered so that their deletion can be understood; older ones have long been answered."""
EDITING = 0.5
"""Seconds in which a message that was missed is not answered before it is known as edited too; both are one turn."""


class Intake:
    """Takes what the library hands over; *me* is who the bot is to it."""

    def __init__(self, desk: Desk, api: Api, habits: Habits, marks: Marks) -> None:
        self._desk = desk
        self._patience = Patience(desk.clock, desk.chance)
        self._api = api
        self._habits = habits
        self._marks = marks
        self._orders: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._heard: dict[Ref, ConversationId] = {}
        self._spoken: dict[ConversationId, None] = {}
        self._refusals = Refusals()

    async def said(self, message: discord.Message, me: discord.ClientUser) -> None:
        async with self._order(message.channel.id):
            if incoming := await self._incoming(message, me):
                await self._put(message, incoming)

    async def edited(self, message: discord.Message, me: discord.ClientUser) -> None:
        """A link's preview arrives as an edit too, without the time of one."""
        if message.edited_at is None:
            return
        async with self._order(message.channel.id):
            if incoming := await self._incoming(message, me):
                await self._put(message, revised(incoming, message.edited_at))

    async def deleted(self, event: discord.RawMessageDeleteEvent) -> None:
        """Before it is answered it is withdrawn; afterwards the answer stays."""
        ref = ref_of(event.channel_id, event.message_id)
        async with self._order(event.channel_id):
            known = self._heard.pop(ref, None)
            places = (Place(event.channel_id, event.guild_id), Place(event.message_id, event.guild_id))
            for conversation in [known] if known else [place.conversation(0, "shared") for place in places]:
                await self._withdraw(conversation, ref)

    async def _withdraw(self, conversation: ConversationId, ref: Ref) -> None:
        await self._patience.patiently(lambda: self._desk.store.withdraw(conversation, ref))

    async def missed(self, message: discord.Message, me: discord.ClientUser) -> None:
        """It was said a while ago: what is known already changes nothing, and what was edited since is asked again."""
        async with self._order(message.channel.id):
            incoming = await self._incoming(message, me)
            if incoming is None or incoming.ref is None:
                return
            ref, name = incoming.ref, incoming.conversation
            known = await self._patience.patiently(lambda: self._desk.store.shown_as(name, ref))
            edited = message.edited_at
            if edited is None or known is None:
                await self._put(message, replace(incoming, hold=EDITING if edited else 0.0))
            if edited is not None:
                await self._put(message, revised(incoming, edited))

    async def _incoming(self, message: discord.Message, me: discord.ClientUser) -> Incoming | None:
        """None for what is not meant for the bot."""
        if not is_from_person(message):
            return None
        scope = self._habits.scope_in(message.channel)
        incoming = translate(message, me, scope)
        if scope == threads.SCOPE and threads.can_open(message):
            incoming = threads.moved(incoming, message)
        if not is_addressed(message, me) and not await self._goes_on(message, me, incoming):
            return None
        if not may_write(message):
            await self._refusals.tell(message)
            return None
        files = await attachments.read(self._api, message.attachments)
        return replace(incoming, parts=(*incoming.parts, *map(TextPart, files)))

    async def _goes_on(self, message: discord.Message, me: discord.ClientUser, incoming: Incoming) -> bool:
        """Whether everything said here is meant for the bot: in a channel set so, and in a thread in which it was
        spoken to before."""
        if not incoming.parts and not message.attachments:
            return False  # its words are not shown to the bot
        if self._habits.always_in(message.channel):
            return True
        if not isinstance(message.channel, discord.Thread):
            return False
        if message.channel.owner_id == me.id or incoming.conversation in self._spoken:
            return True
        kept = await self._patience.patiently(lambda: self._desk.store.conversation(incoming.conversation))
        return kept.head is not None or kept.failed is not None

    async def _put(self, message: discord.Message, incoming: Incoming) -> None:
        if incoming.ref:
            self._remember(incoming.ref, incoming.conversation)
        await self._patience.patiently(lambda: self._marks.hear(place_of(message), message.id))
        fresh = await self._patience.patiently(lambda: self._desk.store.put(incoming))
        log.info("message.stored", turn=incoming.event_id, fresh=fresh)

    def _order(self, channel: int) -> asyncio.Lock:
        """Those of one channel are stored in the order in which they came."""
        return self._orders.setdefault(channel, asyncio.Lock())

    def _remember(self, ref: Ref, conversation: ConversationId) -> None:
        """Who wrote a message is not told when it is deleted, and whose conversation it was in depends on that."""
        self._heard[ref] = conversation
        self._spoken[conversation] = None
        for memory in (self._heard, self._spoken):
            if len(memory) > MOST_HEARD:
                del memory[next(iter(memory))]  # type: ignore[arg-type]  # its own key

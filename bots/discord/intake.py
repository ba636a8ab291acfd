"""What is said on Discord, on its way into the inbox: once, in order, and also what was said while nobody listened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar
from weakref import WeakValueDictionary

import discord
import structlog

from bots.discord import attachments
from bots.discord.api import Api
from bots.discord.habits import Habits
from bots.discord.refusing import Refusals, may_write
from bots.discord.translate import Place, is_addressed, is_from_person, place_of, ref_of, revised, translate
from bots.shared.platform import Desk
from core.domain import ConversationId, Incoming, Ref, TextPart
from core.errors import StoreError, SurfaceUnavailable
from core.limits.rates import backoff

log = structlog.get_logger(__name__)
T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds between two attempts to store what arrived, or to reach Discord."""
MOST_HEARD = 10_000
"""Messages remembered so that their deletion can be understood; older ones have long been answered."""
MOST_MISSED = 100
"""Messages of one channel that are looked through for what was missed: as many as one request gives."""

Channel = discord.TextChannel | discord.Thread | discord.PartialMessageable
Reading = Callable[[int], AbstractAsyncContextManager[object]]
"""Waits until a request about this channel may be made; raises SurfaceUnavailable when none may."""


class Intake:
    """Takes what the library hands over; *me* is who the bot is to it."""

    def __init__(self, desk: Desk, api: Api, habits: Habits, reading: Reading) -> None:
        self._desk = desk
        self._reading = reading
        self._api = api
        self._habits = habits
        self._orders: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._heard: dict[Ref, ConversationId] = {}
        self._direct: dict[int, None] = {}
        self._refusals = Refusals()
        self._sessions = 0

    async def said(self, message: discord.Message, me: discord.ClientUser) -> None:
        async with self._order(message.channel.id):
            if incoming := await self._incoming(message, me):
                await self._put(incoming)

    async def edited(self, message: discord.Message, me: discord.ClientUser) -> None:
        """A link's preview arrives as an edit too, without the time of one."""
        if message.edited_at is None:
            return
        async with self._order(message.channel.id):
            if incoming := await self._incoming(message, me):
                await self._put(revised(incoming, message.edited_at))

    async def deleted(self, event: discord.RawMessageDeleteEvent) -> None:
        """Before it is answered it is withdrawn; afterwards the answer stays."""
        ref = ref_of(event.channel_id, event.message_id)
        async with self._order(event.channel_id):
            place = Place(event.channel_id, event.guild_id)
            conversation = self._heard.pop(ref, None) or place.conversation(0, "shared")
            await self.patiently(lambda: self._desk.store.withdraw(conversation, ref))

    async def catch_up(self, client: discord.Client, me: discord.ClientUser) -> None:
        """Takes what was said since `Habits.max_age` ago; what is known already changes nothing."""
        since = self._desk.clock.now() - self._habits.max_age
        after = discord.Object(discord.utils.time_snowflake(datetime.fromtimestamp(since, UTC)))
        direct = map(client.get_partial_messageable, self._direct) if self._sessions else ()
        self._sessions += 1
        for channel in [*_lively(client, after.id), *direct]:
            for message in await self._history(channel, after):
                await self.said(message, me)

    async def _history(self, channel: Channel, after: discord.Object) -> list[discord.Message]:
        async def read() -> list[discord.Message]:
            async with self._reading(channel.id):
                found = channel.history(limit=MOST_MISSED, after=after, oldest_first=True)
                return [message async for message in found]

        try:
            return await self.patiently(read)
        except (discord.HTTPException, OSError) as problem:
            log.warning("discord.not_caught_up", channel=channel.id, detail=str(problem))
            return []

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Discord delivers an event only once, and nobody else can be told: what is away is waited for."""
        failures = 0
        while True:
            try:
                return await attempt()
            except (StoreError, SurfaceUnavailable) as problem:
                failures += 1
                log.warning("discord.waiting", detail=str(problem), failures=failures)
            await self._desk.clock.sleep(backoff(failures, FIRST_PAUSE, LONGEST_PAUSE, self._desk.chance.unit()))

    async def _incoming(self, message: discord.Message, me: discord.ClientUser) -> Incoming | None:
        """None for what is not meant for the bot."""
        if not is_from_person(message):
            return None
        place, scope = place_of(message), self._habits.scope_in(message.channel)
        incoming = translate(message, me, scope)
        if not is_addressed(message, me) and not await self._goes_on(message, incoming):
            return None
        if not may_write(message):
            await self._refusals.tell(message)
            return None
        if place.server is None:
            self._direct[place.channel] = None
        files = await attachments.read(self._api, message.attachments)
        return replace(incoming, parts=(*incoming.parts, *map(TextPart, files)))

    async def _goes_on(self, message: discord.Message, incoming: Incoming) -> bool:
        """Whether everything said here is meant for the bot: in a channel set so, and in a thread in which it was
        spoken to before."""
        if not incoming.parts and not message.attachments:
            return False  # its words are not shown to the bot
        if message.channel.id in self._habits.always:
            return True
        if not isinstance(message.channel, discord.Thread):
            return False
        kept = await self.patiently(lambda: self._desk.store.conversation(incoming.conversation))
        return kept.head is not None

    async def _put(self, incoming: Incoming) -> None:
        if incoming.ref:
            self._remember(incoming.ref, incoming.conversation)
        fresh = await self.patiently(lambda: self._desk.store.put(incoming))
        log.info("message.stored", turn=incoming.event_id, fresh=fresh)

    def _order(self, channel: int) -> asyncio.Lock:
        """Those of one channel are stored in the order in which they came."""
        return self._orders.setdefault(channel, asyncio.Lock())

    def _remember(self, ref: Ref, conversation: ConversationId) -> None:
        """Who wrote a message is not told when it is deleted, and whose conversation it was in depends on that."""
        self._heard[ref] = conversation
        if len(self._heard) > MOST_HEARD:
            del self._heard[next(iter(self._heard))]


def _lively(client: discord.Client, after: int) -> Iterator[discord.TextChannel | discord.Thread]:
    """Channels and threads in which something was said after the message id *after*."""
    for server in client.guilds:
        places: list[discord.TextChannel | discord.Thread] = [*server.text_channels, *server.threads]
        yield from (place for place in places if (place.last_message_id or 0) > after)

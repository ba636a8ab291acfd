"""What is said on Discord, on its way into the inbox: once and in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from weakref import WeakValueDictionary

import discord
import structlog

from bots.discord import attachments, threads
from bots.discord.api import Api
from bots.discord.attention import Attention
from bots.discord.bookmarks import Marks
from bots.discord.contents import forwarded_files
from bots.discord.habits import Habits
from bots.discord.members import Members
from bots.discord.overhearing import Overhearing
from bots.discord.refusing import may_write
from bots.discord.stream import DiscordReplies
from bots.discord.surroundings import Surroundings
from bots.discord.translate import (
    NOTHING,
    Background,
    Place,
    is_addressed,
    is_from_person,
    place_of,
    ref_of,
    revised,
    translate,
    with_backgrounds,
)
from bots.shared.patience import Patience
from bots.shared.platform import Desk
from core.domain import ConversationId, Incoming, Ref, TextPart
from core.wording import Sentence, say

log = structlog.get_logger(__name__)

STORED_AT_ONCE = 8
"""Messages: where hundreds arrive together, the first are being answered while the others are still stored."""
MOST_HEARD = 10_000
"""Messages remembered so that their deletion can be understood; older ones have long been answered."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it was when it was taken."""

    conversation: ConversationId
    edited_at: datetime | None


class Intake:
    """Takes what the library hands over; *me* is who the bot is to it."""

    def __init__(self, desk: Desk, api: Api, habits: Habits, marks: Marks, replies: DiscordReplies) -> None:
        self._desk = desk
        self._patience = Patience(desk.clock, desk.chance)
        self._api = api
        self._habits = habits
        self._marks = marks
        self._replies = replies
        self._attention = Attention(desk, habits, self._patience)
        self._surroundings = Surroundings(replies.read, self._patience)
        self._members = Members(replies.read, self._patience, desk.clock)
        self._overhearing = Overhearing(habits, replies.read, self._patience)
        self._orders: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._storing = asyncio.Semaphore(STORED_AT_ONCE)
        self._heard: dict[Ref, Heard] = {}

    async def said(self, message: discord.Message, me: discord.ClientUser) -> None:
        async with self._order(message.channel.id):
            if incoming := await self._incoming(message, me):
                await self._put(message, incoming)

    async def edited(self, message: discord.Message, me: discord.ClientUser) -> None:
        """A link's preview or a thread arrives as an edit too, with the time of the last one or none."""
        if message.edited_at is None:
            return
        async with self._order(message.channel.id):
            heard = self._heard.get(ref_of(message.channel.id, message.id))
            if heard is not None and heard.edited_at == message.edited_at:
                return
            if incoming := await self._incoming(message, me):
                await self._put(message, revised(incoming, message.edited_at))

    async def deleted(self, event: discord.RawMessageDeleteEvent) -> None:
        """Before it is answered it is withdrawn; afterwards the answer stays."""
        ref = ref_of(event.channel_id, event.message_id)
        async with self._order(event.channel_id):
            self._overhearing.forget(event.channel_id, event.message_id)
            known = self._heard.pop(ref, None)
            places = (Place(event.channel_id, event.guild_id), Place(event.message_id, event.guild_id))
            for conversation in (
                [known.conversation] if known else [place.conversation(0, "shared") for place in places]
            ):
                await self._withdraw(conversation, ref)

    async def missed(self, message: discord.Message, me: discord.ClientUser) -> None:
        """It was said a while ago: what is known already changes nothing, and what was edited since is asked again."""
        async with self._order(message.channel.id):
            incoming = await self._incoming(message, me)
            if incoming is None or incoming.ref is None:
                return
            ref, name = incoming.ref, incoming.conversation
            known = await self._patience.patiently(lambda: self._desk.store.shown_as(name, ref))
            if message.edited_at is not None and known is not None:
                incoming = revised(incoming, message.edited_at)
            await self._put(message, incoming)

    async def _withdraw(self, conversation: ConversationId, ref: Ref) -> None:
        await self._patience.patiently(lambda: self._desk.store.withdraw(conversation, ref))

    async def _incoming(self, message: discord.Message, me: discord.ClientUser) -> Incoming | None:
        """None for what is not meant for the bot, and where it may not answer."""
        if not is_from_person(message):
            return None
        await self._surroundings.resolve(message)
        incoming = self._placed(message, me)
        if self._members.are_unknown(message) and await self._attention.is_spoken_to(message, me, incoming):
            incoming = replace(incoming, roles=await self._members.roles(message))
        if not await self._attention.is_meant(message, me, incoming):
            self._overhearing.hear(message, me)
            return None
        self._overhearing.forget(message.channel.id, message.id)
        if not threads.opens(incoming) and not may_write(message):
            if is_addressed(message, me):
                await self._patience.patiently(lambda: self._replies.refusals.tell(incoming))
            return None
        return await self._completed(message, me, incoming)

    def _placed(self, message: discord.Message, me: discord.ClientUser) -> Incoming:
        scope = self._habits.scope_in(message.channel)
        if scope == threads.SCOPE and threads.can_open(message):
            return threads.moved(translate(message, me, scope), message)
        return translate(message, me, scope)

    async def _completed(self, message: discord.Message, me: discord.ClientUser, incoming: Incoming) -> Incoming:
        """With its files and with what it is about. Who only mentions the bot in a reply asks about that."""
        files = await attachments.read(self._api, message.attachments, own=True)
        files += await attachments.read(self._api, forwarded_files(message))
        parts = (*incoming.parts, *map(TextPart, files))
        backgrounds, overheard = await self._backgrounds(message, me, incoming), NOTHING
        if any(background.text for background in backgrounds) and not parts:
            parts = (TextPart(say(Sentence.DISCORD_EXPLAIN, incoming.sender.language)),)
        if not await self._attention.hears_all(message, me, incoming):
            overheard = await self._overhearing.before(message, me)
        return with_backgrounds(replace(incoming, parts=parts), backgrounds, overheard)

    async def _backgrounds(
        self, message: discord.Message, me: discord.ClientUser, incoming: Incoming
    ) -> tuple[Background, Background]:
        """What the history does not hold: the beginning of somebody's thread, and what somebody else is replied to."""
        beginning = NOTHING
        if isinstance(message.channel, discord.Thread) and not await self._attention.has_begun(incoming):
            beginning = await self._surroundings.beginning(message, me)
        replied = self._surroundings.replied(message, me, own=threads.opens(incoming))
        return beginning, replied

    async def _put(self, message: discord.Message, incoming: Incoming) -> None:
        if incoming.ref:
            self._remember(incoming.ref, Heard(incoming.conversation, message.edited_at))
        self._attention.begin(incoming)
        async with self._storing:
            for place in _heard_in(message, incoming):
                await self._patience.patiently(partial(self._marks.hear, place, message.id))
            fresh = await self._patience.patiently(lambda: self._desk.store.put(incoming))
        log.info("message.stored", turn=incoming.event_id, fresh=fresh)

    def _order(self, channel: int) -> asyncio.Lock:
        """Those of one channel are stored in the order in which they came."""
        return self._orders.setdefault(channel, asyncio.Lock())

    def _remember(self, ref: Ref, heard: Heard) -> None:
        """Who wrote a message is not told when it is deleted, and whose conversation it was in depends on that."""
        self._heard[ref] = heard
        if len(self._heard) > MOST_HEARD:
            del self._heard[next(iter(self._heard))]


def _heard_in(message: discord.Message, incoming: Incoming) -> list[Place]:
    """Where it was said, and the thread that is opened for it, which bears its id: people may go on there at once."""
    said_in = place_of(message)
    return [said_in, Place(message.id, said_in.server)] if threads.opens(incoming) else [said_in]

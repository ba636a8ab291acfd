"""The bot on Discord: what arrives is translated and stored; workers answer it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import aiohttp
import discord
import structlog

from bots.discord.api import Api
from bots.discord.buttons import Buttons
from bots.discord.commands import CHOOSE, SlashCommands, register
from bots.discord.library import Client, point
from bots.discord.setup import CONTENT_OFF, Portal, look_up
from bots.discord.stream import DiscordReplies, open_replies
from bots.discord.translate import Place, is_addressed, is_from_person, ref_of, revised, translate
from bots.shared.surface import SurfaceRefused
from core.conversations.commands import Commands
from core.domain import ConversationId, Incoming, Ref
from core.errors import StoreError, SurfaceUnavailable
from core.limits.rates import backoff
from core.ports import Chance, Clock, Store

log = structlog.get_logger(__name__)
T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds between two attempts to store what arrived, or to reach Discord."""
MOST_HEARD = 10_000
"""Messages remembered so that their deletion can be understood; older ones have long been answered."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the bot takes messages and commands to."""

    store: Store
    commands: Commands
    clock: Clock
    chance: Chance


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """scope: whose conversation a channel's is, ``shared`` by all or each ``member`` their own."""

    token: str
    api_url: str
    gateway_url: str
    scope: str = "shared"
    presence: str = ""


class DiscordBot:
    """``await bot.run()`` listens until it is cancelled. *announce* is told what the operator wants to see."""

    def __init__(self, desk: Desk, settings: DiscordSettings, api: Api, announce: Callable[[str], None]) -> None:
        self._desk = desk
        self._settings = settings
        self._api = api
        self._announce = announce
        self._slash = SlashCommands(api, desk.commands, desk.store, settings.scope)
        self._buttons = Buttons(api, desk.store, desk.commands, settings.scope)
        self._orders: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._heard: dict[Ref, ConversationId] = {}
        self._client: Client | None = None

    async def run(self) -> int:
        """Raises SurfaceRefused for what only the operator can mend."""
        portal = await self._patiently(lambda: look_up(self._api))
        await self._patiently(lambda: self._register(portal))
        return await self._patiently(lambda: self._listen(portal))

    async def _listen(self, portal: Portal) -> int:
        client = self._client = Client(portal.shards, content=portal.content, presence=self._settings.presence)

        async def ready() -> None:
            self._announce(f"discord: {client.user} is in {len(client.guilds)} servers")
            if not portal.content:
                self._announce(f"discord: {CONTENT_OFF}")

        client.hear("ready", ready)
        client.hear("message", self._on_message)
        client.hear("raw_message_edit", self._on_edit)
        client.hear("raw_message_delete", self._on_delete)
        client.hear("interaction", self._on_interaction)
        await client.serve(self._settings.token)
        return 0

    async def _register(self, portal: Portal) -> None:
        try:
            changed = await register(self._api, portal.id)
        except SurfaceRefused as problem:
            log.warning("discord.commands_refused", detail=str(problem))
        else:
            log.info("discord.commands", changed=changed)

    async def _on_message(self, message: discord.Message) -> None:
        if me := self._addressed(message):
            await self._put(message.channel.id, translate(message, me, self._settings.scope))

    async def _on_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A link's preview arrives as an edit too, without the time of one."""
        message = event.message
        if message.edited_at is not None and (me := self._addressed(message)):
            await self._put(event.channel_id, revised(translate(message, me, self._settings.scope), message.edited_at))

    async def _on_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Before it is answered it is withdrawn; afterwards the answer stays."""
        ref = ref_of(event.channel_id, event.message_id)
        conversation = self._heard.pop(ref, Place(event.channel_id, event.guild_id).conversation(0, "shared"))
        async with self._order(event.channel_id):
            await self._patiently(lambda: self._desk.store.withdraw(conversation, ref))

    async def _on_interaction(self, interaction: discord.Interaction) -> None:
        data: Mapping[str, Any] = interaction.data or {}
        match interaction.type:
            case discord.InteractionType.application_command:
                await self._slash.invoked(interaction)
            case discord.InteractionType.autocomplete:
                await self._slash.completed(interaction)
            case discord.InteractionType.component if str(data.get("custom_id")).startswith(CHOOSE):
                await self._slash.chosen(interaction)
            case discord.InteractionType.component:
                await self._buttons.pressed(interaction)

    def _addressed(self, message: discord.Message) -> discord.ClientUser | None:
        """Who the bot is to the library, if the message is a person's and meant for it."""
        me = self._client.user if self._client else None
        return me if me and is_from_person(message) and is_addressed(message, me) else None

    async def _put(self, channel: int, incoming: Incoming) -> None:
        if incoming.ref:
            self._remember(incoming.ref, incoming.conversation)
        async with self._order(channel):
            fresh = await self._patiently(lambda: self._desk.store.put(incoming))
        log.info("message.stored", turn=incoming.event_id, fresh=fresh)

    def _order(self, channel: int) -> asyncio.Lock:
        """Those of one channel are stored in the order in which they came."""
        return self._orders.setdefault(channel, asyncio.Lock())

    def _remember(self, ref: Ref, conversation: ConversationId) -> None:
        """Who wrote a message is not told when it is deleted, and whose conversation it was in depends on that."""
        self._heard[ref] = conversation
        if len(self._heard) > MOST_HEARD:
            del self._heard[next(iter(self._heard))]

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Discord delivers an event only once, and nobody else can be told: what is away is waited for."""
        failures = 0
        while True:
            try:
                return await attempt()
            except (StoreError, SurfaceUnavailable) as problem:
                failures += 1
                log.warning("discord.waiting", detail=str(problem), failures=failures)
            await self._desk.clock.sleep(backoff(failures, FIRST_PAUSE, LONGEST_PAUSE, self._desk.chance.unit()))


@asynccontextmanager
async def open_discord(desk: Desk, settings: DiscordSettings) -> AsyncIterator[tuple[Api, DiscordReplies]]:
    """Where the bot writes, for as long as the block lasts."""
    async with (
        open_api(settings, desk.clock) as api,
        open_replies(api, desk.clock, desk.store) as replies,
    ):
        yield api, replies


@asynccontextmanager
async def open_api(settings: DiscordSettings, clock: Clock) -> AsyncIterator[Api]:
    point(settings.api_url, settings.gateway_url)
    async with aiohttp.ClientSession() as session:
        yield Api(session, settings.api_url, settings.token, clock)


async def portal_of(settings: DiscordSettings, clock: Clock) -> Portal:
    """Raises SurfaceRefused (a wrong token in one sentence) and SurfaceUnavailable."""
    async with open_api(settings, clock) as api:
        return await look_up(api)

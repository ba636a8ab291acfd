"""The bot on Discord: what arrives is translated and stored; workers answer it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
import discord
import structlog

from bots.discord.api import Api
from bots.discord.bookmarks import Marks
from bots.discord.buttons import Buttons
from bots.discord.catching_up import CatchingUp
from bots.discord.commands import CHOOSE, SlashCommands
from bots.discord.habits import Habits, Manner
from bots.discord.intake import Intake
from bots.discord.library import Client, IntentRefused, Shards, point, quiet
from bots.discord.menu import register
from bots.discord.pointing import MessageCommands
from bots.discord.setup import CONTENT_OFF, Portal, look_up
from bots.discord.stream import DiscordReplies, open_replies
from bots.discord.translate import LANE, turn_of
from bots.shared.alone import is_first
from bots.shared.departing import ended
from bots.shared.patience import Patience
from bots.shared.platform import Desk, Finding, Platform, State
from bots.shared.surface import SurfaceRefused
from core.config import Config
from core.config_platforms import DiscordPlaceConfig
from core.ports import Clock

log = structlog.get_logger(__name__)
T = TypeVar("T")

MESSAGE = discord.AppCommandType.message.value

Line = tuple[Api, DiscordReplies]
"""Where the bot writes."""
UNLIMITED = 0
"""Connections at once, for aiohttp: the scheduler says how many requests there are, and one that got its permit must not
wait behind others that hang."""


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    """presence: what is shown below the bot's name; empty for nothing. shards: None for all there are."""

    token: str
    api_url: str
    gateway_url: str
    presence: str = ""
    habits: Habits = field(default_factory=Habits)
    shards: Shards | None = None


class DiscordBot:
    """``await bot.run()`` listens until it is cancelled. *announce* is told what the operator wants to see."""

    def __init__(self, desk: Desk, settings: DiscordSettings, line: Line, announce: Callable[[str], None]) -> None:
        api, replies = line
        self._desk = desk
        self._settings = settings
        self._api = api
        self._announce = announce
        self._read = replies.read
        self._patience = Patience(desk.clock, desk.chance)
        self._marks = Marks(desk.store, desk.clock, settings.habits.max_age)
        self._intake = Intake(desk, api, settings.habits, self._marks, replies)
        self._slash = SlashCommands(api, desk, settings.habits, replies.acknowledging)
        self._pointing = MessageCommands(api, desk, settings.habits, replies)
        self._responding: set[asyncio.Task[None]] = set()
        self._buttons = Buttons(api, desk, settings.habits, replies.acknowledging)

    async def run(self) -> int:
        """Raises SurfaceRefused for what only the operator can mend."""
        portal = await self._patience.patiently(lambda: look_up(self._api))
        await self._patience.patiently(lambda: self._register(portal))
        try:
            return await self._patience.patiently(lambda: self._listen(portal, content=True))
        except IntentRefused:  # asked for even where the portal shows it as off: the gateway is who decides
            return await self._patience.patiently(lambda: self._listen(portal, content=False))

    async def _listen(self, portal: Portal, *, content: bool) -> int:
        shards = self._settings.shards or Shards(portal.shards, 0, portal.shards - 1)
        client = Client(shards, content=content, presence=self._settings.presence)
        async with CatchingUp(self._intake, self._marks, self._read, self._patience) as catching_up:

            async def ready() -> None:
                share = f"; {self._settings.shards}" if self._settings.shards else ""
                self._announce(f"discord: {client.user} is here; servers: {len(client.guilds)}{share}")
                invited = () if client.guilds else (f"invite it: {portal.invitation}",)
                refused = () if content or CONTENT_OFF in portal.shortcomings else (CONTENT_OFF,)
                for line in (*invited, *portal.shortcomings, *refused):
                    self._announce(f"discord: {line}")

            client.hear("ready", ready)
            client.hear("shard_connect", catching_up.connected)
            client.hear("shard_ready", lambda shard: catching_up.ready(client, shard))
            client.hear("message", lambda message: self._intake.said(message, client.me))
            client.hear("raw_message_edit", lambda event: self._intake.edited(event.message, client.me))
            client.hear("raw_message_delete", self._on_deletion)
            client.hear("interaction", self._on_interaction)
            try:
                await client.serve(self._settings.token)
            finally:
                await ended(self._responding, self._desk.clock)
        return 0

    async def _register(self, portal: Portal) -> None:
        try:
            changed = await register(self._api, portal.id, portal.installs)
        except SurfaceRefused as problem:
            log.warning("discord.commands_refused", detail=str(problem))
        else:
            log.info("discord.commands", changed=changed)

    async def _on_deletion(self, event: discord.RawMessageDeleteEvent) -> None:
        self._buttons.deleted(event.message_id)
        await self._intake.deleted(event)

    async def _on_interaction(self, interaction: discord.Interaction) -> None:
        """Every process with this token hears of it, and one of them responds, also when it is about to end."""
        self._pointing.heard(interaction)
        responding = asyncio.create_task(self._respond(interaction), name=f"responding {interaction.id}")
        self._responding.add(responding)
        responding.add_done_callback(self._responding.discard)
        await asyncio.shield(responding)

    async def _respond(self, interaction: discord.Interaction) -> None:
        if not await is_first(self._desk.store, self._desk.clock, turn_of(interaction.id)):
            return
        data: Mapping[str, Any] = interaction.data or {}
        match interaction.type:
            case discord.InteractionType.application_command if data.get("type") == MESSAGE:
                await self._pointing.invoked(interaction)
            case discord.InteractionType.modal_submit:
                await self._pointing.submitted(interaction)
            case discord.InteractionType.application_command:
                await self._slash.invoked(interaction)
            case discord.InteractionType.autocomplete:
                await self._slash.completed(interaction)
            case discord.InteractionType.component if str(data.get("custom_id")).startswith(CHOOSE):
                await self._slash.chosen(interaction)
            case discord.InteractionType.component:
                await self._buttons.pressed(interaction)


@asynccontextmanager
async def open_platform(desk: Desk, config: Config, announce: Callable[[str], None]) -> AsyncIterator[Platform]:
    """As `PlatformModule` says."""
    settings = settings_of(config)
    async with (
        open_api(settings, desk.clock) as api,
        open_replies(api, desk, settings.habits.messages) as replies,
    ):
        yield Platform(LANE, DiscordBot(desk, settings, (api, replies), announce).run, replies)


async def examine(config: Config, clock: Clock) -> list[Finding]:
    """As `PlatformModule` says."""
    async with open_api(settings_of(config), clock) as api:
        portal = await look_up(api)
    found = [Finding(State.OK, LANE, f"{portal.name}; invite it: {portal.invitation}")]
    if portal.installation:
        found.append(Finding(State.OK, LANE, f"for oneself, without a server: {portal.installation}"))
    return [*found, *(Finding(State.WARN, LANE, line) for line in portal.shortcomings)]


def settings_of(config: Config) -> DiscordSettings:
    settings = config.discord
    habits = Habits(
        scope=settings.scope,
        overhear=settings.overhear,
        servers=_manners(settings.servers),
        channels=_manners(settings.channels),
        max_age=config.inbox.max_age,
        messages=settings.max_messages,
    )
    token = settings.token.get_secret_value()
    shards = Shards(**settings.shards.model_dump()) if settings.shards else None
    return DiscordSettings(token, settings.api_url, settings.gateway_url, settings.presence, habits, shards)


def _manners(places: Mapping[int, DiscordPlaceConfig]) -> dict[int, Manner]:
    return {id_: Manner(chosen.scope, chosen.always, chosen.overhear) for id_, chosen in places.items()}


@asynccontextmanager
async def open_api(settings: DiscordSettings, clock: Clock) -> AsyncIterator[Api]:
    point(settings.api_url, settings.gateway_url)
    quiet()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=UNLIMITED)) as session:
        yield Api(session, settings.api_url, settings.token, clock)

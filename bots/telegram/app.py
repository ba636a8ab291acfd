"""The bot on Telegram: what arrives is translated and stored; workers answer it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from telegram import Bot

from bots.shared.alone import Alone
from bots.shared.owing import Debts
from bots.shared.pacing import Gate, Pacer
from bots.shared.patience import Patience
from bots.shared.platform import Desk, Finding, Platform
from bots.telegram.away import Away
from bots.telegram.buttons import Buttons
from bots.telegram.commands import MenuCommands
from bots.telegram.habits import habits_of
from bots.telegram.inline import InlineQuestions
from bots.telegram.intake import Intake
from bots.telegram.library import identity, open_bot
from bots.telegram.moving import Homes
from bots.telegram.receiving import LongPolling
from bots.telegram.setup import PRIVACY_ON, findings, introduce, look_up, show_all
from bots.telegram.speaking import Speaker
from bots.telegram.stream import open_pacer, replies_of
from bots.telegram.translate import LANE
from bots.telegram.webhook import Webhook
from core.config import Config
from core.ports import Clock

log = structlog.get_logger(__name__)

LEASE = 5.0
"""Seconds at most until another process asks for updates in the place of one that was killed, and says what that one
owed."""
Line = tuple[Bot, Pacer[Gate]]
"""Where the bot writes, and when it may."""


class TelegramBot:
    """``await bot.run()`` listens until it is cancelled. *announce* is told what the operator wants to see."""

    def __init__(self, desk: Desk, line: Line, config: Config, announce: Callable[[str], None]) -> None:
        self._desk = desk
        self._bot, self._pacer = line
        self._habits = habits_of(config)
        self._announce = announce
        self._patience = Patience(desk.clock, desk.chance)
        self._lease = min(LEASE, config.inbox.lease)
        self._receiving: Webhook | LongPolling = (
            Webhook(self._bot, config.telegram.webhook, self._patience, announce, desk.hooks)
            if config.telegram.webhook
            else LongPolling(self._bot, self._alone(), announce)
        )

    async def run(self) -> int:
        """Raises SurfaceRefused and SurfaceClosed for what only the operator can mend."""
        me = await self._patience.patiently(lambda: identity(self._bot))
        debts = Debts(self._desk.store, self._desk.clock, self._patience, LANE, self._lease)
        async with Speaker(self._bot, self._pacer, debts) as speaker:
            speaker.soon(self._patience.patiently(self._introduce))
            commands = MenuCommands(self._desk, speaker, me, self._show_all)
            homes = Homes(self._desk.store, self._patience)
            buttons = Buttons(self._bot, self._desk, self._habits, (commands, speaker, homes))
            hands = (commands, buttons, InlineQuestions(self._bot, self._desk, speaker, self._patience), homes)
            intake = Intake(self._desk, (self._bot, self._patience), self._habits, hands, me)
            self._announce(f"telegram: {me.name} is here")
            if not me.can_read_all_group_messages:
                self._announce(f"telegram: {PRIVACY_ON}")
            await self._receiving.run(Away(intake, speaker, self._patience, self._desk.clock))
        return 0

    def _alone(self) -> Alone:
        name = f"{LANE}:updates of {self._bot.token.partition(':')[0]}"
        return Alone(self._desk.store, self._desk.clock, self._patience, name, self._lease)

    async def _introduce(self) -> None:
        log.info("telegram.introduced", changed=await introduce(self._bot))

    async def _show_all(self, chat: int) -> None:
        await self._patience.patiently(lambda: show_all(self._bot, chat))


@asynccontextmanager
async def open_platform(desk: Desk, config: Config, announce: Callable[[str], None]) -> AsyncIterator[Platform]:
    """As `PlatformModule` says."""
    async with _open(config, desk.clock) as bot, open_pacer(bot, desk) as pacer:
        replies = replies_of(bot, pacer, desk.store, desk.clock, habits_of(config))
        yield Platform(LANE, TelegramBot(desk, (bot, pacer), config, announce).run, replies)


async def examine(config: Config, clock: Clock) -> list[Finding]:
    """As `PlatformModule` says."""
    async with _open(config, clock) as bot:
        portrait = await look_up(bot)
    return findings(portrait, LANE)


def _open(config: Config, clock: Clock) -> AbstractAsyncContextManager[Bot]:
    settings = config.telegram
    return open_bot(settings.token.get_secret_value(), settings.api_url, clock)

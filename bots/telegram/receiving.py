"""Updates, on their way from Telegram to the intake: confirmed only when they are stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog
from telegram import Bot, Update

from bots.shared.alone import Alone
from bots.shared.surface import SurfaceRefused
from bots.telegram.away import Away
from bots.telegram.intake import STOPPED
from bots.telegram.library import TakenElsewhere, UnknownHere, UnknownMethod, attempt

log = structlog.get_logger(__name__)
T = TypeVar("T")

POLL = 25
"""Seconds for which Telegram holds a request for updates that are not there yet: below the minute or so after which
proxies drop a silent connection."""
BATCH = 100
"""Updates of a request at most ("getUpdates" in the Bot API)."""
KNOWN = (
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.INLINE_QUERY,
    Update.CHOSEN_INLINE_RESULT,
)
WANTED = (*KNOWN, STOPPED)
"""What Telegram is asked for; the rest it need not send."""
ELSEWHERE_PAUSE = 5.0
"""Seconds after which it is tried again where somebody else receives the updates."""
ELSEWHERE = "another process receives this bot's updates; this one waits until it ends"


async def wanting(ask: Callable[[Sequence[str]], Awaitable[T]]) -> T:
    """*ask*, for the kinds of updates that are wanted. Where the newest is not taken, for those that every server knows.
    Raises SurfaceUnavailable and SurfaceRefused."""
    try:
        return await attempt(ask(WANTED))
    except UnknownHere:
        raise
    except SurfaceRefused:
        return await attempt(ask(KNOWN))


class LongPolling:
    """By one process on a store at a time, as Telegram wants it. *announce* is told what the operator wants to see."""

    def __init__(self, bot: Bot, alone: Alone, announce: Callable[[str], None]) -> None:
        self._bot = bot
        self._alone = alone
        self._patience = alone.patience
        self._announce = announce
        self._told = False

    async def run(self, away: Away) -> None:
        """Until it is cancelled. Nothing that waits is dropped, not at the start either; what another process took and did
        not confirm comes again. Raises SurfaceRefused."""
        await self._alone.run(lambda: self._receive(away), lambda: away.watch(self._waiting))

    async def _receive(self, away: Away) -> None:
        await self._patience.patiently(self._open)
        offset: int | None = None
        while True:
            updates = await self._patience.patiently(lambda: self._next(offset))  # noqa: B023  # awaited here and now
            await away.take(updates, partial(self._waiting, offset))
            if updates:
                offset = updates[-1].update_id + 1

    async def _waiting(self, offset: int | None = None) -> Sequence[Update]:
        """What Telegram holds, as it is now, and without confirming any of it: nobody else who asks is cut off by that.
        Raises SurfaceUnavailable and SurfaceRefused."""
        return await wanting(lambda kinds: self._bot.get_updates(offset, BATCH, 0, allowed_updates=kinds))

    async def _open(self) -> None:
        """Telegram hands out nothing here while it delivers to a webhook."""
        with suppress(UnknownMethod):  # a server that has no webhooks
            webhook = await attempt(self._bot.get_webhook_info())
            if not webhook.url:
                return
            await attempt(self._bot.delete_webhook())
            self._announce("telegram: the webhook that was set is removed; updates are asked for instead")

    async def _next(self, offset: int | None) -> Sequence[Update]:
        while True:
            try:
                return await wanting(lambda kinds: self._bot.get_updates(offset, BATCH, POLL, allowed_updates=kinds))
            except TakenElsewhere as problem:
                log.warning("telegram.taken_elsewhere", detail=str(problem))
                if not self._told:
                    self._announce(f"telegram: {ELSEWHERE}")
                self._told = True
            await self._patience.sleep(ELSEWHERE_PAUSE)

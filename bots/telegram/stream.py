"""Answers as they are written: replies on Telegram, opened from stored data alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot

from bots.shared.controls import Controls
from bots.shared.live_reply import LiveReply, Means
from bots.shared.pacing import Gate, Pacer, RateGate
from bots.telegram.habits import Habits
from bots.telegram.layout import laid_out
from bots.telegram.pacing import OVERALL, gate_of
from bots.telegram.previews import Offer, drafts_for
from bots.telegram.surface import TelegramSurface
from bots.telegram.translate import place_at
from core.domain import Turn
from core.ports import Claim, Clock, History, Reply


class TelegramReplies:
    def __init__(self, bot: Bot, means: Means, habits: Habits) -> None:
        self._bot = bot
        self._means = means
        self._habits = habits
        self._offer = Offer(habits.drafts != "off")

    @asynccontextmanager
    async def open(self, turn: Turn, claim: Claim) -> AsyncIterator[Reply]:
        surface = TelegramSurface(self._bot, turn.incoming, self._habits.messages)
        previews = drafts_for(self._bot, place_at(turn.incoming.address), self._offer)
        async with LiveReply(surface, turn, claim, self._means, previews) as reply:
            yield reply


@asynccontextmanager
async def open_pacer(clock: Clock) -> AsyncIterator[Pacer[Gate]]:
    overall = RateGate(OVERALL, clock.monotonic())
    async with Pacer(clock, overall, lambda bucket: gate_of(bucket, clock.monotonic())) as pacer:
        yield pacer


def replies_of(bot: Bot, pacer: Pacer[Gate], history: History, clock: Clock, habits: Habits) -> TelegramReplies:
    return TelegramReplies(bot, Means(pacer, clock, Controls(history), laid_out), habits)

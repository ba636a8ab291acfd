"""Answers as they are written: replies on Telegram, opened from stored data alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from telegram import Bot

from bots.shared.controls import Controls
from bots.shared.live_reply import LiveReply, Means
from bots.shared.pacing import Gate, Pacer
from bots.shared.platform import Desk
from bots.shared.shared_gate import SharedGate
from bots.telegram.habits import Habits
from bots.telegram.inline import ADDRESS, InlineSurface, head_of
from bots.telegram.layout import laid_out
from bots.telegram.pacing import OVERALL, TelegramPacer
from bots.telegram.previews import Offer, drafts_for
from bots.telegram.surface import TelegramSurface
from bots.telegram.translate import LANE, place_at
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
        async with self._reply(turn, claim) as reply:
            yield reply

    def _reply(self, turn: Turn, claim: Claim) -> LiveReply:
        address = turn.incoming.address
        if ADDRESS in address:
            means = replace(self._means, layout=partial(_laid_out_under, head_of(turn.incoming)))
            return LiveReply(InlineSurface(self._bot, turn), turn, claim, means)
        surface = TelegramSurface(self._bot, turn.incoming, self._habits.messages)
        return LiveReply(surface, turn, claim, self._means, drafts_for(self._bot, place_at(address), self._offer))


def _laid_out_under(head: str, text: str) -> Sequence[str]:
    return laid_out(f"{head}\n\n{text}") if text.strip() else ()


@asynccontextmanager
async def open_pacer(bot: Bot, desk: Desk) -> AsyncIterator[TelegramPacer]:
    """Keeps the bot-wide limit together with all other processes of this bot."""
    number, _, _ = bot.token.partition(":")
    async with (
        SharedGate(desk.store, f"telegram:{number}", OVERALL, desk.clock) as overall,
        TelegramPacer(desk.clock, overall) as pacer,
    ):
        overall.on_permit = pacer.serve
        overall.on_hold = partial(pacer.penalise, None)
        pacer.on_flood = overall.hold
        pacer.on_penalty = partial(desk.watch.penalised, LANE)
        pacer.on_refusal = partial(desk.watch.refused, LANE)
        yield pacer


def replies_of(bot: Bot, pacer: Pacer[Gate], history: History, clock: Clock, habits: Habits) -> TelegramReplies:
    return TelegramReplies(bot, Means(pacer, clock, Controls(history), laid_out), habits)

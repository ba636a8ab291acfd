"""Answers as they are written: replies on Discord, opened from stored data alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from bots.discord import threads
from bots.discord.api import Allowance, Api
from bots.discord.buckets import beside
from bots.discord.hooks import Hook, HookGate, HookSurface, is_hook
from bots.discord.quoting import question_of, quoted
from bots.discord.refusing import Refusals
from bots.discord.surface import LENGTH, DiscordSurface
from bots.discord.tables import tables_as_code
from bots.discord.translate import LANE
from bots.shared.controls import Controls
from bots.shared.live_reply import LiveReply, Means
from bots.shared.pacing import Pacer, Permit, Priority, RateGate, WindowGate
from bots.shared.platform import Desk
from bots.shared.shared_gate import SharedGate
from bots.shared.split import split, utf16_units
from bots.shared.surface import Deed, Route, Surface
from core.domain import Turn
from core.errors import SurfaceClosed
from core.limits.rates import Rate
from core.ports import Claim, History, Reply

OVERALL = Rate(per_second=45.0, burst=2.0)
"""Requests of the whole bot, in however many processes. Discord allows 50 in any second ("Global Rate Limit"); a bucket
lets its burst through on top of its rate, and the rest is for requests that travel for different times and so arrive
closer together."""


class DiscordReplies:
    """messages: how many an answer may take before it becomes a file."""

    def __init__(self, api: Api, pacer: Pacer[WindowGate], means: Means, history: History, messages: int) -> None:
        self._api = api
        self._history = history
        self._pacer = pacer
        self._means = means
        self._messages = messages
        self.refusals = Refusals(self.ask, means.clock)

    @asynccontextmanager
    async def open(self, turn: Turn, claim: Claim) -> AsyncIterator[Reply]:
        claim.check()
        surface, means = await self._place(turn)
        try:
            async with LiveReply(surface, turn, claim, means) as reply:
                yield reply
        except SurfaceClosed:
            await self.refusals.tell(turn.incoming)
            raise

    def acknowledging(self, hook: Hook) -> Permit:
        """Until its block ends, no answer is written by *hook*, whose interaction is not acknowledged yet."""
        return self._pacer.permit(hook.route(Deed.EDIT), Priority.FINAL)

    async def read(self, channel: int, path: str) -> Any:
        """What a GET of *path*, which is about *channel*, gives. Raises SurfaceUnavailable, MessageGone and Refusal."""
        return await self.ask("GET", str(channel), path)

    async def ask(
        self, method: str, channel: str, path: str, body: object = None, priority: Priority = Priority.TYPING
    ) -> Any:
        """A request beside those of the answers; most wait their turn behind everything that is written. Raises as
        `read`."""
        route = beside(channel, method, path)
        async with self._pacer.permit(route, priority):
            return await self._api.call(method, path, body, heard=lambda allowance: self._heard(route, allowance))

    async def _place(self, turn: Turn) -> tuple[Surface, Means]:
        if "token" not in turn.incoming.address:
            opening = partial(self.ask, priority=Priority.FIRST)
            question = await threads.settled(turn, opening) if threads.opens(turn.incoming) else turn.incoming
            return DiscordSurface(self._api, question, self._messages, self._heard, turn.shown), self._means
        surface = HookSurface(self._api, turn, self._means.clock, self._messages, self._heard)
        head = quoted(turn, await question_of(turn, self._history))
        return surface, replace(self._means, layout=partial(_laid_out_under, head))

    def _heard(self, route: Route, allowance: Allowance) -> None:
        news = self._api.buckets.learn(route.bucket, allowance.bucket)
        # The gate that is now the route's does not know of the request that taught us so.
        left = max(0, allowance.remaining - 1) if news else allowance.remaining
        gate = self._pacer.gate(route.bucket)
        gate.announce(allowance.limit, left, allowance.reset_after, self._means.clock.monotonic())


@asynccontextmanager
async def open_replies(api: Api, desk: Desk, messages: int) -> AsyncIterator[DiscordReplies]:
    clock, store = desk.clock, desk.store
    drafts = RateGate(OVERALL, clock.monotonic())
    async with (
        SharedGate(store, api.bot, OVERALL, clock) as overall,
        Pacer(clock, overall, lambda bucket: _gate(bucket, drafts), api.buckets.name) as pacer,
    ):
        overall.on_permit = pacer.serve
        overall.on_hold = partial(pacer.penalise, None)
        pacer.on_penalty = partial(desk.watch.penalised, LANE)
        pacer.on_refusal = partial(desk.watch.refused, LANE)

        def hold(seconds: float) -> None:
            pacer.penalise(None, seconds)
            overall.hold(seconds)

        api.on_global = hold
        yield DiscordReplies(api, pacer, Means(pacer, clock, Controls(store), _laid_out), store, messages)


def _gate(bucket: str, drafts: RateGate) -> WindowGate:
    return HookGate(drafts) if is_hook(bucket) else WindowGate()


def _laid_out(text: str) -> Sequence[str]:
    return split(tables_as_code(text), limit=LENGTH, measure=utf16_units)


def _laid_out_under(head: str, text: str) -> Sequence[str]:
    return split(f"{head}\n{tables_as_code(text)}", limit=LENGTH, measure=utf16_units) if text.strip() else ()

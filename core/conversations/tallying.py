"""Counting, for whoever runs the bot, what was answered and how many people asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from core.domain import NO_USAGE, Usage
from core.domain_limits import Tally, Whose, day_of
from core.errors import ChatError, ModelError, NotModerated, StoreError
from core.limits.allowances import Payer
from core.ports import Clock
from core.ports_limits import Tallies

log = structlog.get_logger(__name__)


class Counting(Protocol):
    async def answered(self, payer: Payer, model: str, usage: Usage) -> None: ...

    async def failed(self, payer: Payer, problem: ChatError) -> None: ...


class Tallying:
    """`Counting` in the store; what cannot be counted is left out. *hide* gives names that tell nobody whose they are."""

    def __init__(self, tallies: Tallies, clock: Clock, hide: Callable[[str], str]) -> None:
        self._tallies = tallies
        self._clock = clock
        self._hide = hide

    async def answered(self, payer: Payer, model: str, usage: Usage) -> None:
        await self._count(payer, Tally(self._today(), model, usage, answers=1))

    async def failed(self, payer: Payer, problem: ChatError) -> None:
        """Only what a model did, or a moderation service did not, is a failure: to refuse somebody is not."""
        if isinstance(problem, ModelError | NotModerated):
            await self._count(payer, Tally(self._today(), "", NO_USAGE, failures=1))

    async def _count(self, payer: Payer, tally: Tally) -> None:
        asked = {Whose.USER: payer.user, Whose.CHAT: payer.chat}
        try:
            await self._tallies.count(tally, {whose: self._hide(name) for whose, name in asked.items() if name})
        except StoreError as problem:
            log.warning("tally.not_counted", detail=str(problem))

    def _today(self) -> str:
        return day_of(self._clock.now())


class Uncounted:
    async def answered(self, payer: Payer, model: str, usage: Usage) -> None: ...

    async def failed(self, payer: Payer, problem: ChatError) -> None: ...


UNCOUNTED = Uncounted()

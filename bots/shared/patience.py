"""Waiting for what is away: the store, or a platform that cannot be reached."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from core.errors import StoreError, SurfaceUnavailable
from core.limits.rates import backoff, is_news
from core.ports import Chance, Clock

log = structlog.get_logger(__name__)
T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
"""Seconds between two attempts, where nobody says how long to wait."""


def _level(failures: int) -> int:
    return logging.WARNING if is_news(failures) else logging.DEBUG


class Patience:
    def __init__(self, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._chance = chance
        self._lacking: set[object] = set()

    @property
    def lacks_store(self) -> bool:
        """Whether something waits here for the store, which failed when it was last asked."""
        return bool(self._lacking)

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What *attempt* gives, tried again for as long as the store or the platform is away."""
        failures, this = 0, object()
        try:
            while True:
                try:
                    return await attempt()
                except (StoreError, SurfaceUnavailable) as problem:
                    failures += 1
                    log.log(_level(failures), "platform.waiting", detail=str(problem), failures=failures)
                    asked = problem.retry_after if isinstance(problem, SurfaceUnavailable) else None
                    (self._lacking.add if isinstance(problem, StoreError) else self._lacking.discard)(this)
                await self._clock.sleep(asked or backoff(failures, FIRST_PAUSE, LONGEST_PAUSE, self._chance.unit()))
        finally:
            self._lacking.discard(this)

    async def briefly(self, seconds: float, attempt: Callable[[], Awaitable[T]]) -> T:
        """As `patiently`, for *seconds* altogether. Raises SurfaceUnavailable when they are over."""
        try:
            async with self._clock.watchdog(seconds):
                return await self.patiently(attempt)
        except TimeoutError as problem:
            raise SurfaceUnavailable(f"no success within {seconds:.0f} s") from problem

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

"""A bot-wide limit that several processes keep together: their permits come out of one bucket in the store.

A `Gate` is asked without waiting, so a few permits are drawn ahead: whoever writes after a pause finds one there, and
under load each one taken is followed by the next while its own time has not come yet. However many there are, the
process keeps to the rate: what it could not use because it was busy does not go out at once.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog

from bots.shared.pacing import Priority, RateGate
from core.errors import StoreError
from core.limits.rates import Rate
from core.ports import Clock, Permits
from core.tasks import cancelled

log = structlog.get_logger(__name__)

AHEAD, MOST_AHEAD = 2, 8
"""Permits drawn before they are needed: one for last words, one for everything else, and where the store takes its time
as many as come due meanwhile."""
AT_ONCE = 1.0
"""Permits that the shared bucket holds at most. What goes out in a burst is what a process has drawn ahead: with a burst of
its own on top of that the bucket would give more in a second than the rate and the margin above it allow."""
FRESH = 0.05
"""Seconds for which a permit that could be used counts in the second it was drawn for. One that is used later, after a
pause, is paid once more: many processes that wake together must not all spend what they drew long ago."""
LOOK = 1.0
"""Seconds within which a hold that another process has met with is known here, and until the store is tried again."""
ALONE = 0.5
"""The share of the rate that a process takes for itself while the store is away and it knows of no other."""


class SharedGate:
    """``async with SharedGate(…) as gate``: draws permits of *bucket* at *rate* until the block ends."""

    def __init__(self, permits: Permits, bucket: str, rate: Rate, clock: Clock) -> None:
        self._permits = permits
        self._bucket = bucket
        self._rate = rate
        self._clock = clock
        self._drawn: deque[float] = deque()
        self._own = RateGate(rate, clock.monotonic())
        self._ahead = AHEAD
        self._spent_twice = 0
        self._hold_until = -math.inf
        self._alone: RateGate | None = None
        self._poked = asyncio.Event()
        self.on_permit: Callable[[], None] = lambda: None
        """Called when `wait` may give less than before."""
        self.on_hold: Callable[[float], None] = lambda _seconds: None
        """Told for how many seconds the platform takes nothing, as another process has heard from it."""

    async def __aenter__(self) -> Self:
        self._drawing = asyncio.create_task(self._run(), name=f"permits {self._bucket}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(self._drawing)

    def wait(self, now: float, priority: Priority) -> float:
        if self._alone is not None:
            return self._alone.wait(now, priority)
        spared = 0 if priority is Priority.FINAL else 1
        if spared >= len(self._drawn):
            return math.inf
        return max(self._own.wait(now, priority), self._drawn[spared] - now)

    def take(self, now: float) -> None:
        self._own.take(now)
        if self._alone is not None:
            self._alone.take(now)
        elif now - self._drawn.popleft() > FRESH:
            self._spent_twice += 1
        self._poked.set()

    def settle(self) -> None:
        """A rate counts what is sent, answered or not."""

    def idle(self, now: float) -> bool:  # noqa: ARG002  # as every gate
        return False

    def hold(self, seconds: float) -> None:
        """The platform takes nothing for *seconds*: the other processes hear of it."""
        self._hold_until = self._clock.monotonic() + seconds
        self._poked.set()

    async def _run(self) -> None:
        while True:
            self._poked.clear()
            try:
                async with self._clock.watchdog(LOOK):
                    await self._exchange()
            except (StoreError, TimeoutError) as problem:
                self._be_alone(problem)
                await self._clock.sleep(LOOK)
            else:
                self._be_together()
                if self._missing == 0:
                    await self._rest()

    @property
    def _missing(self) -> int:
        return max(0, self._ahead - len(self._drawn)) + self._spent_twice

    async def _exchange(self) -> None:
        """Tells the store what it must know, and asks it what this process must."""
        if (rest := self._hold_until - self._clock.monotonic()) > 0:
            await self._permits.hold(self._bucket, rest)
            self._hold_until = -math.inf
        if missing := self._missing:
            spent, self._spent_twice = self._spent_twice, 0
            asked = self._clock.monotonic()
            wait, held = await self._permits.draw(self._bucket, self._rate.per_second, AT_ONCE, missing)
            self._add(missing - spent, wait)
            meanwhile = int((self._clock.monotonic() - asked) * self._rate.per_second)
            self._ahead = min(AHEAD + meanwhile, MOST_AHEAD)
        else:
            held = await self._permits.held(self._bucket)
        if held > 0:
            self.on_hold(held)

    def _add(self, permits: int, wait: float) -> None:
        """*permits* were drawn, the last of which can be used after *wait* seconds, the ones before it sooner."""
        now = self._clock.monotonic()
        for later in range(permits - 1, -1, -1):
            self._drawn.append(now + max(0.0, wait - later / self._rate.per_second))
        self.on_permit()

    async def _rest(self) -> None:
        """Until something was taken, or it is time to look."""
        with suppress(TimeoutError):
            async with self._clock.watchdog(LOOK):
                await self._poked.wait()

    def _be_alone(self, problem: Exception) -> None:
        if self._alone is None:
            log.warning("permits.alone", bucket=self._bucket, detail=str(problem))
            self._drawn.clear()
            self._alone = RateGate(Rate(self._rate.per_second * ALONE, self._rate.burst), self._clock.monotonic())
            self.on_permit()

    def _be_together(self) -> None:
        if self._alone is not None:
            log.info("permits.shared", bucket=self._bucket)
            self._alone = None
            self.on_permit()

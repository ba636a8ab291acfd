"""The only reader of time, and the only place that sleeps."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

from core.ports import Clock

_MONOTONIC = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux' other monotonic clock stands still while the machine is suspended: leases that lapsed meanwhile would seem held."""


class SystemClock:
    """The machine's clocks and the running event loop's timers."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.clock_gettime(_MONOTONIC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def watchdog(self, seconds: float | None) -> SystemWatchdog:
        return SystemWatchdog(seconds)


class SteadyTime:
    """Unix time as it was when this was made, and counted on from there: nobody sets it, forward or back, as they do a
    machine's clock. For what is waited for, not for what is told to people."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = clock.now() - clock.monotonic()

    def now(self) -> float:
        return self._ahead + self._clock.monotonic()

    def at_least(self, moment: float) -> None:
        """Others have come as far as *moment*."""
        self._ahead = max(self._ahead, moment - self._clock.monotonic())


class SystemWatchdog:
    """`Watchdog` on the loop's timers. Feeding only notes the new deadline: the timer, when it fires, looks whether the
    deadline moved and re-arms itself, so feeding costs no timer."""

    def __init__(self, seconds: float | None) -> None:
        self._first = seconds
        self._scope = asyncio.timeout(None)
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._scope.__aenter__()
        if self._first is not None:
            self.feed(self._first)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._scope.__aexit__(kind, error, trace)

    def feed(self, seconds: float) -> None:
        sooner = self._timer is not None and self._loop.time() + seconds < self._timer.when()
        self._deadline = self._loop.time() + seconds
        if self._timer is None or sooner:
            self._arm()

    def bite(self) -> None:
        if not self._scope.expired():
            self._scope.reschedule(self._loop.time())

    @property
    def expired(self) -> bool:
        return self._scope.expired()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        if self._loop.time() < self._deadline:
            self._arm()
        else:
            self.bite()

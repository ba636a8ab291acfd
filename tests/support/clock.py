"""A clock that a test owns."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Self


class ManualClock:
    """Time stands still until `advance`. Sleepers wake in order, each seeing the time it asked for."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._wrong = 0.0
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now + self._wrong

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self.call_at(self._now + seconds, lambda: _wake(woken))
        await woken

    def watchdog(self, seconds: float | None) -> ManualWatchdog:
        return ManualWatchdog(self, seconds)

    def call_at(self, when: float, alarm: Callable[[], None]) -> None:
        heapq.heappush(self._alarms, (when, next(self._order), alarm))

    def set(self, seconds: float) -> None:
        """Somebody sets the clock, forward or back. No time passes by it."""
        self._wrong += seconds

    def leap(self, seconds: float) -> None:
        """Moves the time without letting anybody run: what a paused process sees."""
        self._now += seconds

    async def advance(self, seconds: float) -> None:
        """Lets *seconds* pass; everything due meanwhile runs, in order."""
        end = self._now + seconds
        await settle()
        while self._alarms and self._alarms[0][0] <= end:
            when, _, alarm = heapq.heappop(self._alarms)
            self._now = max(self._now, when)
            alarm()
            await settle()
        self._now = max(self._now, end)
        await settle()

    @property
    def next_alarm(self) -> float | None:
        """Seconds until somebody wakes; None when nobody sleeps."""
        return self._alarms[0][0] - self._now if self._alarms else None


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


class ManualWatchdog:
    def __init__(self, clock: ManualClock, seconds: float | None) -> None:
        self._clock = clock
        self._first = seconds
        self._scope = asyncio.timeout(None)
        self._deadline = float("inf")
        self._open = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._scope.__aenter__()
        self._open = True
        if self._first is not None:
            self.feed(self._first)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        await self._scope.__aexit__(kind, error, trace)

    def feed(self, seconds: float) -> None:
        self._deadline = self._clock.monotonic() + seconds
        self._clock.call_at(self._deadline, self._ring)

    def bite(self) -> None:
        if not self._scope.expired():
            self._scope.reschedule(self._loop.time())

    @property
    def expired(self) -> bool:
        return self._scope.expired()

    def _ring(self) -> None:
        if self._open and self._clock.monotonic() >= self._deadline:
            self.bite()


async def settle(rounds: int = 20) -> None:
    """Lets every task that can run, run. Real I/O needs a wait of its own: see `until`."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool], attempts: int = 5000) -> None:
    """Waits for real I/O (a thread, a socket) to make *condition* true; AssertionError after about 10 s."""
    for _ in range(attempts):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("the condition never came true")

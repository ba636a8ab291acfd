"""Hearing of work from other processes. A message is only a hint: whoever misses one looks again within a second."""

from __future__ import annotations

import asyncio

from core.clock import SteadyTime
from core.domain import TurnId
from core.ports import Clock
from core.tasks import cancelled

CHANNEL = "parlour:wake"
POLL = 1.0
"""Seconds after which a waiting worker looks without having heard anything."""


class Wake:
    """An `Ear` of CHANNEL."""

    def __init__(self, clock: Clock, time: SteadyTime) -> None:
        self._clock = clock
        self._time = time
        self._news = asyncio.Event()
        self._stops: set[TurnId] = set()
        self._work: dict[str, None] = {}
        self._soonest: float | None = None

    def listening(self) -> None:
        self._news.set()  # something may have happened while nobody listened

    def heard(self, message: str) -> None:
        kind, _, subject = message.partition(" ")
        if kind == "stop":
            self._stops.add(TurnId(subject))
            self._news.set()
        elif kind == "work":
            self.work(subject)

    @property
    def partitions(self) -> tuple[str, ...]:
        """Where there may be work, the one that was looked at longest ago first."""
        return tuple(self._work)

    def work(self, partition: str) -> None:
        self._work[partition] = self._work.pop(partition, None)
        self._news.set()

    def turn_to(self, partition: str) -> None:
        """It had work and may have more; the others come first."""
        self._work[partition] = self._work.pop(partition, None)

    def no_work(self, partition: str) -> None:
        self._work.pop(partition, None)

    def again_at(self, moment: float | None) -> None:
        """When a hold, a postponement or a lease ends, as `SharedTime` tells it; None: none is known."""
        self._soonest = moment

    async def wait(self, seconds: float) -> frozenset[TurnId]:
        waits = [seconds, POLL]
        if self._soonest is not None:
            waits.append(max(0.0, self._soonest - self._time.now()))
            self._soonest = None
        await self._first_of(min(waits))
        self._news.clear()
        stops, self._stops = frozenset(self._stops), set()
        return stops

    async def _first_of(self, seconds: float) -> None:
        alarms = [
            asyncio.create_task(self._news.wait(), name="redis news"),
            asyncio.create_task(self._clock.sleep(seconds), name="redis poll"),
        ]
        try:
            await asyncio.wait(alarms, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled(*alarms)

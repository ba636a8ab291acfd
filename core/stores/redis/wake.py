"""Hearing of work from other processes. A message is only a hint: whoever misses one looks again within a second."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog
from redis.asyncio.client import PubSub

from core.domain import TurnId
from core.ports import Clock
from core.stores.redis.link import Link, heeding
from core.stores.redis.problems import FOREIGN, store_error

log = structlog.get_logger(__name__)

CHANNEL = "parlour:wake"
POLL = 1.0
"""Seconds after which a waiting worker looks without having heard anything."""


class Wake:
    """``async with Wake(…)``: listens until the block ends, also across the server's absences."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._news = asyncio.Event()
        self._stops: set[TurnId] = set()
        self._work: dict[str, None] = {}
        self._soonest: float | None = None
        self._subscription: PubSub | None = None

    async def __aenter__(self) -> Self:
        with suppress(*FOREIGN):  # it is tried again, with a log line
            await self._subscribe()
        self._task = asyncio.create_task(self._listen(), name="redis wake")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._unsubscribe()

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
        """Unix seconds at which a hold, a postponement or a lease ends; None: none is known."""
        self._soonest = moment

    async def wait(self, seconds: float) -> frozenset[TurnId]:
        waits = [seconds, POLL]
        if self._soonest is not None:
            waits.append(max(0.0, self._soonest - self._clock.now()))
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
            for alarm in alarms:
                alarm.cancel()
            await asyncio.gather(*alarms, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear(self._subscription or await self._resubscribe())
            except FOREIGN as problem:
                if self._subscription is not None:  # once for each absence
                    log.info("redis.subscription_lost", detail=str(store_error(problem, self._link.place)))
                await self._unsubscribe()
                await self._clock.sleep(POLL)

    async def _hear(self, subscription: PubSub) -> None:
        message = await subscription.get_message(ignore_subscribe_messages=True, timeout=None)
        if not message or message["type"] != "message":
            return
        kind, _, subject = str(message["data"]).partition(" ")
        if kind == "stop":
            self._stops.add(TurnId(subject))
            self._news.set()
        elif kind == "work":
            self.work(subject)

    async def _resubscribe(self) -> PubSub:
        subscription = await self._subscribe()
        self._news.set()  # something may have happened while nobody listened
        return subscription

    async def _subscribe(self) -> PubSub:
        subscription = await self._link.listener()
        await heeding(subscription.subscribe(CHANNEL))
        # The server's confirmation: from here on nothing that is put elsewhere goes unheard.
        await subscription.get_message(timeout=POLL)
        self._subscription = subscription
        return subscription

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(*FOREIGN):
                await subscription.aclose()  # type: ignore[no-untyped-call]  # redis-py has no types here

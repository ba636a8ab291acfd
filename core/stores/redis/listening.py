"""What the store's clients tell each other: one connection of this process hears it all, across the server's absences."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

import structlog
from redis.asyncio.client import PubSub

from core.errors import StoreUnavailable
from core.ports import Clock
from core.stores.redis.link import Link, heeding
from core.stores.redis.problems import FOREIGN, store_error, translated

log = structlog.get_logger(__name__)

PAUSE = 1.0
"""Seconds between two attempts to listen again, and for which a confirmation is waited for."""


class Ear(Protocol):
    """Who listens to one channel."""

    def listening(self) -> None:
        """From here on nothing goes unheard. What was said before may have, also where this is not the first time."""

    def heard(self, message: str) -> None: ...


class Listener:
    """``async with Listener(…)``: listens until the block ends. *ear* hears *channel* the whole time."""

    def __init__(self, link: Link, clock: Clock, channel: str, ear: Ear) -> None:
        self._link = link
        self._clock = clock
        self._ears = {channel: ear}
        self._confirming: dict[str, asyncio.Future[None]] = {}
        self._subscription: PubSub | None = None
        self._speaking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        with suppress(*FOREIGN):  # it is tried again, with a log line
            subscription = await self._subscribe()
            # The server's confirmation: from here on nothing that is put elsewhere goes unheard.
            await self._hear(subscription, PAUSE)
        self._task = asyncio.create_task(self._listen(), name="redis listener")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._unsubscribe()

    async def add(self, channel: str, ear: Ear) -> None:
        """Returns when the server confirmed it. Raises StoreError."""
        self._ears[channel] = ear
        confirmed = self._confirming[channel] = asyncio.get_running_loop().create_future()
        with translated(self._link.place):
            await self._ask("SUBSCRIBE", channel)
        try:
            async with self._clock.watchdog(PAUSE):
                await confirmed
        except TimeoutError:
            raise StoreUnavailable(f"{self._link.place}: it does not let us listen") from None

    async def drop(self, channel: str) -> None:
        self._ears.pop(channel, None)
        with suppress(*FOREIGN):  # then there is no subscription to be ended
            await self._ask("UNSUBSCRIBE", channel)

    async def _ask(self, command: str, channel: str) -> None:
        subscription = self._subscription
        if subscription is None:
            raise ConnectionError("away")
        async with self._speaking:
            say = subscription.subscribe if command == "SUBSCRIBE" else subscription.unsubscribe
            await heeding(say(channel))

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear(self._subscription or await self._subscribe(), None)
            except FOREIGN as problem:
                if self._subscription is not None:  # once for each absence
                    log.info("redis.subscription_lost", detail=str(store_error(problem, self._link.place)))
                await self._unsubscribe()
                await self._clock.sleep(PAUSE)

    async def _hear(self, subscription: PubSub, seconds: float | None) -> None:
        message = await subscription.get_message(timeout=seconds)
        ear = self._ears.get(message["channel"]) if message else None
        if ear is None or message is None:
            return
        if message["type"] == "subscribe":
            ear.listening()
            confirmed = self._confirming.pop(message["channel"], None)
            if confirmed is not None and not confirmed.done():
                confirmed.set_result(None)
        elif message["type"] == "message":
            ear.heard(message["data"])

    async def _subscribe(self) -> PubSub:
        subscription = await self._link.listener()
        await heeding(subscription.subscribe(*self._ears))
        self._subscription = subscription
        return subscription

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(*FOREIGN):
                await subscription.aclose()  # type: ignore[no-untyped-call]  # redis-py has no types here

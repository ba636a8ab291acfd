"""What the store's clients tell each other: one connection of this process hears it all, across the server's absences."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

import structlog
from redis.asyncio.client import PubSub

from core.ports import Clock, Watchdog
from core.stores.redis.link import Link, heeding
from core.stores.redis.problems import FOREIGN, store_error, translated
from core.tasks import cancelled

log = structlog.get_logger(__name__)

PAUSE = 1.0
"""Seconds between two attempts to listen again, and until a server that is asked whether it is there must answer."""
CONFIRMED = 5.0
"""Seconds for which a confirmation is waited for."""
SILENCE = 15.0
"""Seconds without a word after which the server is asked whether it is still there."""

_AWAY = "it says nothing now"


class Ear(Protocol):
    """Who listens to one channel."""

    def listening(self) -> None:
        """From here on nothing goes unheard. What was said before may have, also where this is not the first time."""

    def heard(self, message: str) -> None: ...


class Listener:
    """``async with Listener(…)``: listens until the block ends. *ear* hears *channel* the whole time.

    One task uses the subscription, so that what is said and what is heard never get in each other's way."""

    def __init__(self, link: Link, clock: Clock, channel: str, ear: Ear) -> None:
        self._link = link
        self._clock = clock
        self._ears = {channel: ear}
        self._asked: set[str] = set()
        self._confirming: dict[str, asyncio.Future[None]] = {}
        self._subscription: PubSub | None = None
        self._is_confirmed = False
        self._hearing: Watchdog | None = None

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
        await cancelled(self._task)
        await self._unsubscribe()

    async def add(self, channel: str, ear: Ear) -> None:
        """Returns when the server confirmed it. Raises StoreUnavailable; `drop` it then."""
        self._ears[channel] = ear
        if channel in self._asked and channel not in self._confirming:
            return
        confirmed = self._confirming.setdefault(channel, asyncio.get_running_loop().create_future())
        with translated(self._link.place):
            if self._subscription is None:
                raise ConnectionError(_AWAY)
            self._interrupt()
            async with self._clock.watchdog(CONFIRMED):
                await asyncio.shield(confirmed)

    def drop(self, channel: str) -> None:
        self._ears.pop(channel, None)
        self._interrupt()

    def _interrupt(self) -> None:
        if self._hearing is not None:
            self._hearing.bite()

    async def _listen(self) -> None:
        while True:
            try:
                await self._converse(self._subscription or await self._subscribe())
            except FOREIGN as problem:
                if self._is_confirmed:  # once for each absence, and not where it may not listen at all
                    log.info("redis.subscription_lost", detail=str(store_error(problem, self._link.place)))
                await self._unsubscribe()
                await self._clock.sleep(PAUSE)

    async def _converse(self, subscription: PubSub) -> None:
        """Says what is to be heard, and hears it until that changes."""
        while self._ears.keys() != self._asked:
            await self._ask(subscription)
        hearing = self._clock.watchdog(None)
        try:
            async with hearing:
                self._hearing = hearing
                await self._hear_all(subscription)
        except TimeoutError:
            if not hearing.expired:
                raise
        finally:
            self._hearing = None

    async def _ask(self, subscription: PubSub) -> None:
        more, less = self._ears.keys() - self._asked, self._asked - self._ears.keys()
        self._asked = set(self._ears)
        if more:
            await heeding(subscription.subscribe(*more))
        if less:
            await heeding(subscription.unsubscribe(*less))

    async def _hear_all(self, subscription: PubSub) -> None:
        while True:
            if await self._hear(subscription, SILENCE):
                continue
            # A connection that was cut off on its way looks like one on which nobody says anything.
            await heeding(subscription.ping())
            if not await self._hear(subscription, PAUSE):
                raise ConnectionError(_AWAY)

    async def _hear(self, subscription: PubSub, seconds: float) -> bool:
        """Whether the server said anything within *seconds*."""
        message = await subscription.get_message(timeout=seconds)
        if message and (ear := self._ears.get(message["channel"])):
            self._pass_on(message, ear)
        return bool(message)

    def _pass_on(self, message: dict[str, str], ear: Ear) -> None:
        if message["type"] == "subscribe":
            self._is_confirmed = True
            ear.listening()
            if confirmed := self._confirming.pop(message["channel"], None):
                confirmed.set_result(None)
        elif message["type"] == "message":
            ear.heard(message["data"])

    async def _subscribe(self) -> PubSub:
        subscription = await self._link.listener()
        self._asked = set()
        await self._ask(subscription)
        self._subscription = subscription
        return subscription

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        self._is_confirmed = False
        while self._confirming:
            _, confirmed = self._confirming.popitem()
            confirmed.set_exception(ConnectionError(_AWAY))
            confirmed.exception()  # also where nobody waits for it any more
        if subscription is not None:
            with suppress(*FOREIGN):
                await subscription.aclose()  # type: ignore[no-untyped-call]  # redis-py has no types here

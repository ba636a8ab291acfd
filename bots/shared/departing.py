"""A process that is told to end: first it says so to those who send it work, then it takes no more, and finishes what it has
begun and nobody else would finish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

import structlog

from core.ports import Clock

log = structlog.get_logger(__name__)

LAST_WORDS = 10.0
"""Seconds that what was begun gets to end. People on Discord wait 3 for a response, or for the word that one will follow."""


class Sign(Protocol):
    def drain(self) -> None:
        """The process is to be given no more work from now on."""


class Departure:
    """*sign*: tells whoever asks whether it is ready. *seconds* pass until they all have looked, in which it works on."""

    def __init__(self, sign: Sign, clock: Clock, seconds: float) -> None:
        self._sign = sign
        self._clock = clock
        self._seconds = seconds
        self._waiting: asyncio.Task[None] | None = None

    def begin(self, drain: Callable[[], None]) -> None:
        """*drain* is called when it is time. Who is told once more waits no longer."""
        self._sign.drain()
        if self._waiting is None and self._seconds:
            self._waiting = asyncio.create_task(self._wait(drain), name="departing")
        else:
            self.end()
            drain()

    def end(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    async def _wait(self, drain: Callable[[], None]) -> None:
        await self._clock.sleep(self._seconds)
        drain()


async def ended(tasks: Collection[asyncio.Task[None]], clock: Clock) -> None:
    """Returns when all *tasks* have ended: by themselves, or cancelled where that takes too long."""
    begun = list(tasks)
    try:
        async with clock.watchdog(LAST_WORDS):
            await asyncio.gather(*begun, return_exceptions=True)
    except TimeoutError:  # by then `gather` has cancelled them, and waited for that
        log.warning("process.left_unsaid", tasks=sum(task.cancelled() for task in begun))

"""Money that stays set aside for as long as the process lives that makes the call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from core.errors import StoreError, StoreUnavailable
from core.ports import Clock, Watchdog
from core.ports_limits import Purses
from core.tasks import cancelled

log = structlog.get_logger(__name__)

HELD = 60.0
"""Seconds after which what a killed process had set aside is free again."""
RENEWALS = 3
"""How often that is put off within its length."""
SAFE = 0.9
"""The share of it in which the call may go on. The rest is for clocks that do not run alike."""


@asynccontextmanager
async def held(purses: Purses, clock: Clock, key: str, since: float) -> AsyncIterator[None]:
    """What was reserved under *key*, for `HELD` seconds that began no earlier than *since* (monotonic), stays so until the
    block ends. The block is left with StoreUnavailable before others may spend it: where the store could not be reached
    for so long, or this process was paused."""
    scope = clock.watchdog(since + SAFE * HELD - clock.monotonic())
    renewing = asyncio.create_task(_renew(purses, clock, key, scope), name=f"money for {key}")
    try:
        async with scope:
            yield
    except TimeoutError as error:
        if not scope.expired:
            raise
        raise StoreUnavailable("what a call may cost could not be kept set aside") from error
    finally:
        await cancelled(renewing)


async def _renew(purses: Purses, clock: Clock, key: str, scope: Watchdog) -> None:
    while True:
        await clock.sleep(HELD / RENEWALS)
        since = clock.monotonic()
        try:
            if not await purses.prolong(key, HELD):
                return scope.bite()
        except StoreError as problem:
            log.warning("money.not_held", detail=str(problem))
        else:
            scope.feed(since + SAFE * HELD - clock.monotonic())

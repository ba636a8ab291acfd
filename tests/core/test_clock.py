"""What holds for the machine's clock as for the one that tests own."""

from __future__ import annotations

import asyncio

import pytest

from core.clock import SystemClock
from core.ports import Clock
from tests.support.clock import ManualClock


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
async def test_a_watchdog_can_be_told_again_while_its_block_is_being_left(clock: Clock) -> None:
    dog = clock.watchdog(None)
    begun, leaving, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        async with dog:
            try:
                begun.set()
                await asyncio.Event().wait()
            finally:
                leaving.set()
                await left.wait()

    working = asyncio.create_task(work())
    await begun.wait()
    dog.bite()
    await leaving.wait()
    dog.bite()
    left.set()
    with pytest.raises(TimeoutError):
        await working
    dog.bite()

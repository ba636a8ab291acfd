"""Work that one process on a store does for all: one at a time, and always one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bots.shared.alone import LOOK, Alone
from bots.shared.patience import Patience
from core.chance import SystemChance
from core.ports import Store
from core.stores.opening import open_store
from tests.support.clock import ManualClock, until
from tests.support.servers import RedisServer

LEASE = 9.0


@dataclass
class Desk:
    """A process: whether it does the work, and how often it began; aside: whether it does what is to be done meanwhile."""

    store: Store
    clock: ManualClock
    busy: bool = False
    begun: int = 0
    aside: bool = False
    trouble: Exception | None = None
    task: asyncio.Task[None] = field(init=False)

    def start(self) -> None:
        alone = Alone(self.store, self.clock, Patience(self.clock, SystemChance()), "work", LEASE)
        self.task = asyncio.create_task(alone.run(self._work, self._meanwhile))

    async def _work(self) -> None:
        self.begun, self.busy = self.begun + 1, True
        try:
            if self.trouble:
                raise self.trouble
            await asyncio.Event().wait()
        finally:
            self.busy = False

    async def _meanwhile(self) -> None:
        self.aside = True
        try:
            await asyncio.Event().wait()
        finally:
            self.aside = False


@asynccontextmanager
async def desks(url: str, clock: ManualClock) -> AsyncIterator[tuple[Desk, Desk]]:
    """Two, of which the first is at work; the second has its own clock's readings, and looks now and then."""
    async with open_store(url, clock) as one, open_store(url, clock) as two:
        first, second = Desk(one, clock), Desk(two, clock)
        first.start()
        await until(lambda: first.busy)
        second.start()
        try:
            yield first, second
        finally:
            first.task.cancel()
            second.task.cancel()
            await asyncio.gather(first.task, second.task, return_exceptions=True)


def in_file(folder: Path) -> str:
    return f"sqlite:///{folder}/parlour.db"


async def passing(clock: ManualClock, seconds: float, stop: Callable[[], bool] = lambda: False) -> float:
    """Lets *seconds* pass in steps of a third, or as many as it takes until *stop*; how many that were."""
    passed = 0.0
    while passed < seconds and not stop():
        await clock.advance(LOOK / 3)
        await asyncio.sleep(0.01)  # the store's thread
        passed += LOOK / 3
    return passed


async def test_one_works_and_the_other_stands_by(tmp_path: Path, clock: ManualClock) -> None:
    async with desks(in_file(tmp_path), clock) as (first, second):
        await passing(clock, 3 * LEASE)
        assert (first.busy, first.begun, second.begun) == (True, 1, 0)


async def test_who_leaves_hands_over_at_once(tmp_path: Path, clock: ManualClock) -> None:
    async with desks(in_file(tmp_path), clock) as (first, second):
        first.task.cancel()
        await asyncio.gather(first.task, return_exceptions=True)
        assert await passing(clock, LEASE, lambda: second.busy) <= 2 * LOOK


async def test_who_is_paused_for_too_long_loses_the_work_and_stops(tmp_path: Path, clock: ManualClock) -> None:
    async with desks(in_file(tmp_path), clock) as (first, second):
        clock.leap(LEASE + 1)
        token = (await second.store.open_receipt("work", "work", LEASE)).token
        await passing(clock, LEASE, lambda: not first.busy)
        assert not first.busy
        await second.store.close_receipt("work", token, None)
        await passing(clock, LEASE, lambda: first.busy or second.busy)
        assert first.busy != second.busy


async def test_work_that_breaks_is_free_for_the_next(tmp_path: Path, clock: ManualClock) -> None:
    async with desks(in_file(tmp_path), clock) as (first, second):
        second.trouble = ValueError("broken")
        first.task.cancel()
        await passing(clock, LEASE, second.task.done)
        with pytest.raises(ValueError, match="broken"):
            await second.task
        third = Desk(first.store, clock)
        third.start()
        await until(lambda: third.busy)
        third.task.cancel()
        await asyncio.gather(third.task, return_exceptions=True)


async def test_without_the_store_who_does_not_know_of_another_does_what_is_to_be_done_meanwhile(
    clock: ManualClock,
) -> None:
    with RedisServer() as redis:
        async with desks(redis.url, clock) as (first, second):
            await passing(clock, 2 * LOOK)
            assert (first.aside, second.aside) == (False, False)
            redis.kill()
            await passing(clock, 3 * LEASE, lambda: first.aside)
            await passing(clock, LEASE)
            assert (first.busy, first.aside, second.aside) == (False, True, False)

"""Work that one process on a store does for all: one at a time, and always one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bots.shared.alone import LOOK, Alone
from bots.shared.patience import Patience
from core.chance import SystemChance
from core.errors import StoreError
from core.ports import Store
from core.stores.opening import open_store
from core.tasks import cancelled
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
    """Two, of which the first is at work, and the second looks now and then whether it still is."""
    async with open_store(url, clock) as one, open_store(url, clock) as two:
        first, second = Desk(one, clock), Desk(two, clock)
        first.start()
        await until(lambda: first.busy)
        second.start()
        try:
            yield first, second
        finally:
            await cancelled(first.task, second.task)


def in_file(folder: Path) -> str:
    return f"sqlite:///{folder}/parlour.db"


async def passing(both: Sequence[Desk], seconds: float, stop: Callable[[], bool] = lambda: False) -> float:
    """Lets *seconds* pass in steps of a third, or as many as it takes until *stop*; how many that were. What the stores were
    asked in a step they have answered before the next one."""
    passed = 0.0
    while passed < seconds and not stop():
        await both[0].clock.advance(LOOK / 3)
        for desk in both:
            with suppress(StoreError):
                await desk.store.probe()
        passed += LOOK / 3
    return passed


async def test_one_works_and_the_other_stands_by(tmp_path: Path, clock: ManualClock) -> None:
    async with desks(in_file(tmp_path), clock) as both:
        first, second = both
        await passing(both, 3 * LEASE)
        assert (first.busy, first.begun, second.begun) == (True, 1, 0)


async def test_who_leaves_hands_over_at_once(tmp_path: Path, clock: ManualClock) -> None:
    async with desks(in_file(tmp_path), clock) as both:
        first, second = both
        await cancelled(first.task)
        assert await passing(both, LEASE, lambda: second.busy) <= 2 * LOOK


async def test_who_is_paused_for_too_long_loses_the_work_and_stops(tmp_path: Path, clock: ManualClock) -> None:
    async with desks(in_file(tmp_path), clock) as both:
        first, second = both
        clock.leap(LEASE + 1)
        token = (await second.store.open_receipt("work", "work", LEASE)).token
        await passing(both, LEASE, lambda: not first.busy)
        assert not first.busy
        await second.store.close_receipt("work", token, None)
        await passing(both, LEASE, lambda: first.busy or second.busy)
        assert first.busy != second.busy


async def test_work_that_breaks_is_free_for_the_next(tmp_path: Path, clock: ManualClock) -> None:
    async with desks(in_file(tmp_path), clock) as both:
        first, second = both
        second.trouble = ValueError("broken")
        first.task.cancel()
        await passing(both, LEASE, second.task.done)
        with pytest.raises(ValueError, match="broken"):
            await second.task
        third = Desk(first.store, clock)
        third.start()
        await until(lambda: third.busy)
        await cancelled(third.task)


async def test_without_the_store_who_does_not_know_of_another_does_what_is_to_be_done_meanwhile(
    clock: ManualClock,
) -> None:
    with RedisServer() as redis:
        async with desks(redis.url, clock) as both:
            first, second = both
            await passing(both, 2 * LOOK)
            assert (first.aside, second.aside) == (False, False)
            redis.kill()
            await passing(both, 3 * LEASE, lambda: first.aside)
            await passing(both, LEASE)
            assert (first.busy, first.aside, second.aside) == (False, True, False)

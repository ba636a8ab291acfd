"""Several processes, one limit: gates that draw from the same bucket, on a clock of their own and a real file."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from bots.shared.pacing import Pacer, Priority, WindowGate
from bots.shared.shared_gate import AHEAD, LOOK, MOST_AHEAD, SharedGate
from bots.shared.surface import Route
from core.errors import SurfaceUnavailable
from core.limits.rates import Rate
from core.ports import Permits
from core.stores.opening import open_store
from tests.support.clock import ManualClock, settle, until

RATE = Rate(45.0, 2.0)
SECOND = 0.99
MOST = 50
"""Requests that Discord takes in a second."""


class Process:
    """Who writes through a pacer of its own."""

    def __init__(self, gate: SharedGate, pacer: Pacer[WindowGate], clock: ManualClock) -> None:
        self.gate = gate
        self.pacer = pacer
        self.clock = clock
        self.wrote: list[float] = []
        self.refused: list[float] = []
        gate.on_permit = pacer.serve
        gate.on_hold = lambda seconds: pacer.penalise(None, seconds)

    async def write(self, name: object, priority: Priority = Priority.FINAL) -> None:
        try:
            async with self.pacer.permit(Route("chat", f"bucket {name}"), priority):
                self.wrote.append(self.clock.now())
        except SurfaceUnavailable as problem:
            self.refused.append(problem.retry_after or 0.0)


@asynccontextmanager
async def processes(count: int, file: Path, clock: ManualClock) -> AsyncIterator[list[Process]]:
    """Each with its own connection to the store."""
    async with AsyncExitStack() as opened:
        found = []
        for _ in range(count):
            store = await opened.enter_async_context(open_store(f"sqlite:///{file}", clock))
            gate = await opened.enter_async_context(SharedGate(store, "discord:1", RATE, clock))
            pacer = await opened.enter_async_context(Pacer(clock, gate, lambda _bucket: WindowGate()))
            found.append(Process(gate, pacer, clock))
        await drawn(found)
        yield found


async def drawn(found: list[Process]) -> None:
    """Until every process has heard what it asked the store for."""
    await until(lambda: all(len(process.gate._drawn) == AHEAD for process in found))


async def passing(clock: ManualClock, found: list[Process], over: Callable[[], bool]) -> None:
    """Time passes in small steps until it is *over*."""
    while not over():
        await clock.advance(0.005)
        await drawn(found)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "parlour.db"


async def test_after_a_pause_nobody_waits_for_the_store(clock: ManualClock, file: Path) -> None:
    async with processes(1, file, clock) as found, asyncio.TaskGroup() as group:
        process = found[0]
        clock.leap(60.0)
        for number in range(AHEAD):
            group.create_task(process.write(number))
        await settle()
        assert len(process.wrote) == AHEAD


class Slow:
    """A store that takes its time."""

    def __init__(self, store: Permits, clock: ManualClock) -> None:
        self._store = store
        self._clock = clock

    async def draw(self, bucket: str, rate: float, burst: float, permits: int) -> tuple[float, float]:
        await self._clock.sleep(0.3)
        return await self._store.draw(bucket, rate, burst, permits)

    async def hold(self, bucket: str, seconds: float) -> None:
        await self._store.hold(bucket, seconds)

    async def held(self, bucket: str) -> float:
        return await self._store.held(bucket)


async def test_what_was_drawn_ahead_does_not_all_go_out_at_once(clock: ManualClock, file: Path) -> None:
    async with (
        open_store(f"sqlite:///{file}", clock) as store,
        SharedGate(Slow(store, clock), "a", RATE, clock) as gate,
    ):
        while len(gate._drawn) < MOST_AHEAD:
            await clock.advance(0.05)
        clock.leap(1.0)
        taken = 0
        while gate.wait(clock.monotonic(), Priority.FINAL) == 0.0:
            gate.take(clock.monotonic())
            taken += 1
        assert taken == RATE.burst


@pytest.mark.parametrize(("count", "seed"), [(2, 1), (3, 2), (5, 3)])
async def test_no_second_holds_more_than_the_platform_allows_however_many_write(
    count: int, seed: int, clock: ManualClock, file: Path
) -> None:
    chance = random.Random(seed)
    async with processes(count, file, clock) as found, asyncio.TaskGroup() as group:
        clock.leap(10.0)
        started = 0
        for _ in range(6):
            for _ in range(chance.choice((1, 5, 60))):
                group.create_task(chance.choice(found).write(started))
                started += 1
            end = clock.now() + chance.choice((0.02, 0.3, 1.5))
            await passing(clock, found, lambda end=end: clock.now() >= end)  # type: ignore[misc]  # bound now
        await passing(clock, found, lambda: sum(len(process.wrote) for process in found) == started)
    times = sorted(at for process in found for at in process.wrote)
    assert all(sum(at <= other < at + SECOND for other in times) <= MOST for at in times)


async def test_many_share_the_whole_rate(clock: ManualClock, file: Path) -> None:
    async with processes(3, file, clock) as found, asyncio.TaskGroup() as group:
        start = clock.now()
        for number in range(40):
            for process in found[:2]:
                group.create_task(process.write(number))
        await passing(clock, found, lambda: sum(len(process.wrote) for process in found) == 80)
        assert clock.now() - start <= 80 / RATE.per_second + 0.1
        assert {len(process.wrote) for process in found} == {0, 40}


async def test_last_words_find_a_permit_that_drafts_have_left(clock: ManualClock, file: Path) -> None:
    async with processes(1, file, clock) as found, asyncio.TaskGroup() as group:
        process = found[0]
        drafts = [group.create_task(process.write(number, Priority.DRAFT)) for number in range(20)]
        await passing(clock, found, lambda: len(process.wrote) >= 5)
        before = len(process.wrote)
        group.create_task(process.write("last"))
        await settle()
        assert len(process.wrote) == before + 1
        for draft in drafts:
            draft.cancel()


async def test_a_hold_that_one_process_meets_with_is_known_to_the_others_within_a_second(
    clock: ManualClock, file: Path
) -> None:
    async with processes(2, file, clock) as found:
        one, other = found
        one.gate.hold(60.0)
        async with open_store(f"sqlite:///{file}", clock) as store:
            while await store.held("discord:1") == 0:
                await settle()
        await clock.advance(LOOK)
        await until(lambda: other.pacer.penalty(Route("chat", "bucket")) > 0)
        await other.write(1)
        assert other.refused == [pytest.approx(59.0, abs=0.2)]


async def test_while_the_store_is_away_each_process_takes_half_and_says_so_once(
    clock: ManualClock, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with processes(1, file, clock) as found, asyncio.TaskGroup() as group:
        process = found[0]
        with closing(sqlite3.connect(file)) as thief:
            thief.execute("BEGIN EXCLUSIVE")
            for number in range(60):
                group.create_task(process.write(number))
            while len(process.wrote) < 40:
                await clock.advance(0.01)
            alone = [at for at in process.wrote if at > process.wrote[AHEAD]]
            assert 1 / (alone[-1] - alone[-2]) == pytest.approx(RATE.per_second / 2, rel=0.3)
            thief.rollback()
        while len(process.wrote) < 60 or process.gate._alone is not None:
            await clock.advance(0.01)
            await asyncio.sleep(0.001)  # the file is free again, and the thread that waited for it goes on
    said = capsys.readouterr().out
    assert (said.count("permits.alone"), said.count("permits.shared")) == (1, 1)

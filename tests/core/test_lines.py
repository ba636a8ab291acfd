"""A line for a provider: who gets a place and when, what those who wait are told, and what is given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.domain_limits import Queue
from core.errors import StoreUnavailable
from core.limits.lines import LEASE, NO_LINES, PATIENCE, POLL, WORD, Line, Lines, OwnPlaces, SharedLines, Trade
from core.ports_limits import Places
from core.stores.opening import open_store
from core.telemetry.metrics import Metrics
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock, settle, until
from tests.support.metrics import sample


@dataclass
class Guest:
    """Somebody who asks for a place, and keeps it until `leave`."""

    line: Line | Lines
    since: float
    told: list[int] = field(default_factory=list)
    deaf: int = 0
    is_inside: bool = False
    may_leave: asyncio.Event = field(default_factory=asyncio.Event)
    problem: StoreUnavailable | None = None

    async def stay(self) -> None:
        try:
            async with self._place():
                self.is_inside = True
                await self.may_leave.wait()
        except StoreUnavailable as problem:
            self.problem = problem
        finally:
            self.is_inside = False

    def _place(self) -> AbstractAsyncContextManager[None]:
        if isinstance(self.line, Lines):
            return self.line.place("gpt", self.since, self.hear)
        return self.line.place(self.since, self.hear)

    def hear(self, number: int) -> bool:
        """Deaf to as many numbers as it says."""
        if self.deaf:
            self.deaf -= 1
            return False
        self.told.append(number)
        return True

    def come(self) -> asyncio.Task[None]:
        self.task = asyncio.create_task(self.stay())
        return self.task

    async def leave(self) -> None:
        self.may_leave.set()
        await self.task


class Away:
    """Places of a store that can be away."""

    def __init__(self) -> None:
        self.is_away = False
        self._own = OwnPlaces()

    async def stand(self, *said: Any) -> Any:
        if self.is_away:
            raise StoreUnavailable("away")
        return await self._own.stand(*said)


@dataclass
class Hall:
    clock: ManualClock
    line: Line
    metrics: Metrics
    guests: list[Guest] = field(default_factory=list)

    async def come(self, *since: float) -> list[Guest]:
        guests = [Guest(self.line, moment) for moment in since]
        for guest in guests:
            guest.come()
        self.guests += guests
        await settle()
        return guests

    def counted(self, state: str) -> float | None:
        exposition = self.metrics.exposition(None, 0.0)
        return sample(exposition, "parlour_provider_calls", provider="openai", state=state)


@asynccontextmanager
async def hall(most: int = 2, places: Places | None = None) -> AsyncIterator[Hall]:
    clock, metrics = ManualClock(), Metrics()
    line = Line(places or OwnPlaces(), Queue("openai", most, LEASE, WORD), Trade(clock, EvenChance(), metrics))
    here = Hall(clock, line, metrics)
    try:
        yield here
    finally:
        for guest in here.guests:
            guest.task.cancel()
            with suppress(asyncio.CancelledError):
                await guest.task
        await line.close()


async def test_no_more_are_inside_than_there_are_places_and_who_came_first_is_next() -> None:
    async with hall() as here:
        first, second, fourth, third = await here.come(1.0, 2.0, 4.0, 3.0)
        assert [guest.is_inside for guest in (first, second, third, fourth)] == [True, True, False, False]
        await second.leave()
        await settle()
        assert (third.is_inside, fourth.is_inside) == (True, False)


async def test_a_place_that_is_left_is_taken_at_once() -> None:
    async with hall(1) as here:
        first, second = await here.come(1.0, 2.0)
        before = here.clock.now()
        await first.leave()
        await settle()
        assert second.is_inside
        assert here.clock.now() == before


async def test_numbers_are_told_after_a_while_and_when_they_change() -> None:
    async with hall(1) as here:
        first, second, third = await here.come(1.0, 2.0, 3.0)
        await here.clock.advance(PATIENCE - POLL)
        assert third.told == []
        await here.clock.advance(10 * PATIENCE)
        assert (second.told, third.told) == ([1], [2])
        await first.leave()
        await here.clock.advance(PATIENCE)
        assert (first.told, second.told, third.told) == ([], [1], [2, 1])


async def test_numbers_that_change_quickly_are_told_at_leisure() -> None:
    async with hall(1) as here:
        *others, last = await here.come(*map(float, range(20)))
        await here.clock.advance(PATIENCE)
        for guest in others[:10]:
            await guest.leave()
            await here.clock.advance(PATIENCE / 10)
        await here.clock.advance(POLL)
        assert last.told == [19, 9]


async def test_a_number_that_came_too_early_is_told_again() -> None:
    async with hall(1) as here:
        first, _, third = await here.come(1.0, 2.0, 3.0)
        await here.clock.advance(PATIENCE)
        third.deaf = 2
        await first.leave()
        await here.clock.advance(2 * PATIENCE)
        assert third.told == [2]
        await here.clock.advance(PATIENCE)
        assert third.told == [2, 1]


async def test_who_goes_away_before_it_is_let_in_is_waited_for_no_more() -> None:
    async with hall(1) as here:
        first, second, third = await here.come(1.0, 2.0, 3.0)
        second.task.cancel()
        await first.leave()
        await settle()
        assert third.is_inside


async def test_who_is_cancelled_inside_gives_the_place_back() -> None:
    async with hall(1) as here:
        first, second = await here.come(1.0, 2.0)
        first.task.cancel()
        await settle()
        assert second.is_inside


async def test_while_the_store_is_away_nobody_waits_for_it_and_who_is_inside_goes_on() -> None:
    places = Away()
    async with hall(1, places) as here:
        first, second = await here.come(1.0, 2.0)
        places.is_away = True
        await here.clock.advance(1.0)
        assert second.problem is not None
        assert first.is_inside
        places.is_away = False
        (third,) = await here.come(3.0)
        await first.leave()
        await settle()
        assert third.is_inside


async def test_what_waits_and_what_runs_is_counted() -> None:
    async with hall() as here:
        guests = await here.come(1.0, 2.0, 3.0)
        assert (here.counted("running"), here.counted("waiting")) == (2, 1)
        for guest in guests:
            await guest.leave()
        await settle()
        assert (here.counted("running"), here.counted("waiting")) == (0, 0)


async def test_when_a_process_ends_its_places_are_free_for_others(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        async with hall(1, store) as here:
            (guest,) = await here.come(1.0)
            await until(lambda: guest.is_inside)
        assert await store.stand(Queue("openai", 1, LEASE, WORD), {"another": 2.0}, (), ()) == {"another": 0}


async def test_a_place_is_kept_for_as_long_as_it_is_used(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        line = Line(store, Queue("openai", 1, LEASE, WORD), Trade(clock, EvenChance(), Metrics()))
        guest = Guest(line, 1.0)
        guest.come()
        await until(lambda: guest.is_inside)
        for _ in range(8):
            await clock.advance(LEASE / 2)
            await store.sweep()  # behind what was told meanwhile
        assert await store.stand(Queue("openai", 1, LEASE, WORD), {"another": 2.0}, (), ()) == {"another": 1}
        await guest.leave()
        await line.close()


@pytest.mark.parametrize("model", ["", "anything"])
async def test_where_nothing_is_limited_nobody_waits(model: str) -> None:
    assert model not in NO_LINES
    async with NO_LINES.place(model, 0.0):
        pass


async def test_how_many_are_let_in_may_change(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        lines = SharedLines(store, Trade(clock, EvenChance(), Metrics()), {})
        assert "gpt" not in lines
        lines.configure({"gpt": Queue("openai", 1, LEASE, WORD)})
        guests = [Guest(lines, float(number)) for number in range(4)]
        for guest in guests:
            guest.come()
        await until(lambda: guests[0].is_inside)
        lines.configure({"gpt": Queue("openai", 3, LEASE, WORD), "mini": Queue("openai", 3, LEASE, WORD)})
        await until(lambda: guests[1].is_inside and guests[2].is_inside)
        assert not guests[3].is_inside
        lines.configure({})
        assert "gpt" not in lines
        for guest in guests:
            await guest.leave()
        await lines.close()

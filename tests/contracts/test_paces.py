"""Paces: how often something may happen, counted over all processes, all or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from core.domain_limits import Pace, Whose
from core.ports import Store
from tests.contracts.conftest import Backend
from tests.support.clock import ManualClock

HOUR = 3600.0


def pace(name: str = "ada", burst: float = 3.0) -> Pace:
    """One each ten seconds on average."""
    return Pace(name, Whose.USER, 0.1, burst)


async def refused(store: Store, key: str, *paces: Pace) -> tuple[int, float]:
    """By which of them, and for how many seconds."""
    delay = await store.admit(key, paces)
    assert delay is not None
    return delay.short, round(delay.seconds, 6)


async def test_as_many_are_admitted_as_a_pace_holds_and_then_as_it_fills(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    for number, client in enumerate((store, elsewhere, store)):
        assert await client.admit(f"{number}", [pace()]) is None
    assert await refused(elsewhere, "3", pace()) == (0, 10.0)
    await clock.advance(6.0)
    assert await refused(store, "3", pace()) == (0, 4.0)
    await clock.advance(4.5)
    assert await store.admit("3", [pace()]) is None
    assert await refused(store, "4", pace()) == (0, 9.5)


async def test_a_refusal_takes_nothing_of_any_pace(store: Store) -> None:
    tight, wide = pace("tight", 1.0), pace("wide", 2.0)
    assert await store.admit("1", [tight, wide]) is None
    for number in range(5):
        assert await refused(store, f"refused {number}", wide, tight) == (1, 10.0)
    assert await store.admit("2", [wide]) is None


async def test_the_longest_delay_is_told(store: Store) -> None:
    slow = Pace("slow", Whose.CHAT, 0.01, 1.0)
    await store.admit("1", [pace("quick", 1.0), slow])
    assert await refused(store, "2", pace("quick", 1.0), slow) == (1, 100.0)


async def test_what_was_admitted_is_so_without_taking_again(store: Store, elsewhere: Store) -> None:
    for client in (store, elsewhere, store):
        assert await client.admit("1", [pace(burst=1.0)]) is None
    assert await store.admit("2", [pace(burst=1.0)]) is not None


async def test_at_once_no_more_are_admitted_than_there_are_permits(store: Store, elsewhere: Store) -> None:
    tries = (client.admit(f"{number}", [pace(burst=7.0)]) for number, client in enumerate((store, elsewhere) * 25))
    assert sum(delay is None for delay in await asyncio.gather(*tries)) == 7


async def test_how_many_permits_there_are_is_told_without_taking_any(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    await store.admit("1", [pace(), pace("bob")])
    await store.admit("2", [pace()])
    for client in (elsewhere, store):
        assert await client.levels([pace(), pace("bob"), pace("carol", 5.0)]) == (1.0, 2.0, 5.0)
    await clock.advance(15.0)
    assert await elsewhere.levels([pace(), pace("bob", 1.0)]) == (2.5, 1.0)


async def test_a_clock_that_lags_behind_admits_nobody_early(backend: Backend, store: Store, clock: ManualClock) -> None:
    await store.admit("1", [pace(burst=1.0)])
    async with replace(backend, clock=ManualClock(clock.now() - HOUR)).open() as lagging:
        assert await lagging.admit("2", [pace(burst=1.0)]) is not None


async def test_a_pace_that_is_full_again_is_forgotten(backend: Backend, store: Store, clock: ManualClock) -> None:
    await store.admit("1", [pace()])
    clock.leap(48 * HOUR)
    swept = await store.sweep()
    assert swept == (2 if backend.url.startswith("sqlite") else 0), "Redis forgets by itself"
    assert await store.admit("2", [pace()]) is None

"""Purses: what is reserved of them at once, by whatever process, never comes to more than is in them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.domain_limits import Drawn, Grant, Purse, Unit, Whose
from core.ports import Store
from core.stores.copying import copy
from core.stores.opening import open_store
from tests.support.clock import ManualClock

HOUR, DAY = 3600.0, 86_400.0  # seconds
LARGE = 900_000_000_000_000
"""Nano-dollars of the largest budget that can be configured, and no number that JSON of every kind holds."""


def purse(limit: int = 1000, name: str = "ada 2027-01-15", fixed: int = 100, each: int = 1) -> Purse:
    return Purse(f"money user {name}", Unit.MONEY, Whose.USER, limit, 1_800_000_000.0 + DAY, fixed, each)


def tokens(limit: int = 1000) -> Purse:
    name = "tokens user ada 2027-01-15"
    return Purse(name, Unit.TOKENS, Whose.USER, limit, 1_800_000_000.0 + DAY, 10, 1)


async def gone(store: Store, *names: str) -> tuple[int, ...]:
    return tuple(drawn.spent + drawn.held for drawn in await store.drawn(names))


async def left(store: Store, of: Purse) -> int:
    return of.limit - (await gone(store, of.name))[0]


async def test_a_call_gets_the_answer_that_its_purses_allow(store: Store, elsewhere: Store) -> None:
    assert await store.reserve("1", [purse()], 10, 600) == Grant(600)
    assert await elsewhere.reserve("2", [purse()], 10, 600) == Grant(200)
    assert await gone(store, purse().name, "unknown") == (1000, 0)


async def test_what_does_not_fit_takes_nothing_and_names_the_purse(store: Store) -> None:
    wide, narrow = purse(LARGE, "all"), purse(105)
    assert await store.reserve("1", [wide, narrow], 10, 600) == Grant(short=1, open=False)
    assert await gone(store, wide.name, narrow.name) == (0, 0)


async def test_a_purse_that_others_hold_may_open_again(store: Store) -> None:
    await store.reserve("1", [purse()], 10, 900)
    assert await store.reserve("2", [purse()], 10, 900) == Grant(short=0, open=True)
    await store.settle("1", [purse()], {Unit.MONEY: 950})
    assert await store.reserve("2", [purse()], 10, 900) == Grant(short=0, open=False)


async def test_settling_gives_back_what_was_not_used_and_happens_once(store: Store, elsewhere: Store) -> None:
    await store.reserve("1", [purse(), tokens()], 10, 600)
    for client in (store, elsewhere):
        await client.settle("1", [purse(), tokens()], {Unit.MONEY: 130, Unit.TOKENS: 40})
    assert await gone(store, purse().name, tokens().name) == (130, 40)
    await store.release("1")
    assert await gone(store, purse().name) == (130,)


async def test_what_came_to_nothing_is_given_back(store: Store) -> None:
    await store.reserve("1", [purse()], 10, 600)
    for _ in range(2):
        await store.release("1")
    assert await left(store, purse()) == 1000


async def test_reserving_again_replaces_what_was_reserved(store: Store, elsewhere: Store) -> None:
    await store.reserve("1", [purse()], 10, 600)
    assert await elsewhere.reserve("1", [replace(purse(), fixed=200)], 10, 900) == Grant(800)
    assert await store.drawn([purse().name]) == (Drawn(spent=0, held=1000),)
    await elsewhere.settle("1", [purse()], {Unit.MONEY: 1})
    assert await gone(store, purse().name) == (1,)


async def test_a_call_may_take_nothing_of_a_purse(store: Store) -> None:
    free = purse(fixed=0, each=0)
    for _ in range(2):
        assert await store.reserve("1", [free], 10, 600) == Grant(600)
    await store.release("1")
    assert await left(store, free) == 1000


async def test_a_refused_extension_leaves_what_was_reserved(store: Store) -> None:
    await store.reserve("1", [purse()], 10, 600)
    await store.reserve("2", [purse()], 10, 600)
    assert await store.reserve("1", [replace(purse(), fixed=900)], 10, 600) == Grant(short=0, open=True)
    assert await left(store, purse()) == 0


async def test_an_answer_that_goes_on_past_midnight_is_charged_to_the_day_before(store: Store) -> None:
    tomorrow = purse(name="ada 2027-01-16")
    await store.reserve("1", [purse()], 10, 600)
    await store.settle("1", [tomorrow], {Unit.MONEY: 300})
    assert await gone(store, purse().name, tomorrow.name) == (300, 0)


async def test_what_was_never_reserved_can_be_settled(store: Store) -> None:
    await store.settle("1", [purse()], {Unit.MONEY: LARGE, Unit.TOKENS: 7})
    assert await gone(store, purse().name) == (LARGE,)


async def test_a_reservation_that_nobody_comes_back_to_lapses(store: Store, clock: ManualClock) -> None:
    await store.reserve("1", [purse()], 10, 900)
    clock.leap(HOUR + 1)
    assert await store.reserve("2", [purse()], 10, 900) == Grant(900)
    await store.settle("1", [purse()], {Unit.MONEY: 50})
    assert await gone(store, purse().name) == (1050,), "what was used is counted however late it is told"


async def test_a_reservation_that_is_put_off_lapses_when_nobody_does_any_more(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    await store.reserve("1", [purse()], 10, 900, 60.0)
    for _ in range(3):
        clock.leap(59.0)
        assert await store.prolong("1", 60.0)
        assert await elsewhere.reserve("2", [purse()], 10, 900) == Grant(short=0, open=True)
    clock.leap(61.0)
    assert await elsewhere.reserve("2", [purse()], 10, 900) == Grant(900)
    assert not await store.prolong("1", 60.0)


async def test_what_is_over_is_not_put_off(store: Store) -> None:
    for key in ("released", "settled"):
        await store.reserve(key, [purse()], 10, 100)
    await store.release("released")
    await store.settle("settled", [purse()], {Unit.MONEY: 50})
    assert not await store.prolong("released", 60.0)
    assert not await store.prolong("settled", 60.0)


async def test_a_clock_that_is_set_forward_takes_nothing_from_a_call(store: Store, clock: ManualClock) -> None:
    await store.reserve("1", [purse()], 10, 900)
    clock.set(HOUR + 1)
    assert await store.reserve("2", [purse()], 10, 900) == Grant(short=0, open=True)


async def test_many_at_once_never_get_more_than_there_is(store: Store, elsewhere: Store) -> None:
    calls = (client.reserve(f"{number}", [purse()], 1, 1) for number, client in enumerate((store, elsewhere) * 50))
    grants = await asyncio.gather(*calls)
    assert sum(grant.short is None for grant in grants) == 9
    assert await gone(store, purse().name) == (9 * 101,)


async def test_a_purse_is_forgotten_some_days_after_its_period(store: Store, clock: ManualClock) -> None:
    await store.reserve("1", [purse()], 10, 600)
    await store.settle("1", [purse()], {Unit.MONEY: 130})
    clock.leap(2 * DAY)
    await store.sweep()
    assert await gone(store, purse().name) == (130,)
    clock.leap(2 * DAY)
    assert await store.sweep() > 0
    assert await gone(store, purse().name) == (0,)


async def test_what_is_spent_moves_to_another_store_and_back(store: Store, clock: ManualClock) -> None:
    await store.settle("1", [purse(), tokens()], {Unit.MONEY: 130, Unit.TOKENS: 40})
    async with open_store("sqlite://", clock) as other:
        assert await copy(store, other, lambda *_: None) == await other.size() == await store.size() == 2
        await other.settle("2", [purse()], {Unit.MONEY: 70})
        for _ in range(2):
            await copy(other, store, lambda *_: None)
    assert await gone(store, purse().name, tokens().name) == (200, 40)


@pytest.mark.parametrize("name", ["ada\ud800", "ada's “x” \n"])
async def test_names_of_every_kind_are_names(name: str, store: Store) -> None:
    await store.reserve(name, [purse(name=name)], 10, 600)
    await store.settle(name, [purse(name=name)], {Unit.MONEY: 130})
    assert await gone(store, purse(name=name).name) == (130,)

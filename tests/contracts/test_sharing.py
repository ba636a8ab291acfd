"""What processes on one store share beside turns: bookmarks, and permits to write."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from core.limits.rates import Rate, full, take
from core.ports import Store
from core.stores.copying import copy
from core.stores.opening import open_store
from tests.contracts.conftest import Backend
from tests.support.clock import ManualClock

DAY = 86_400.0  # seconds
LANE = "discord"
SNOWFLAKE = 1_309_999_999_999_999_999
"""As large as the ids that platforms give, and no number that a double holds."""
BUCKET = "discord:1"


async def test_places_are_known_with_the_furthest_position(store: Store, elsewhere: Store) -> None:
    await store.note(LANE, "7/8", 99)
    await store.note(LANE, "7/8", 100)
    await elsewhere.note(LANE, "7/8", 99)
    await store.note(LANE, "odd\ud800", SNOWFLAKE - 1)
    await store.note(LANE, "odd\ud800", SNOWFLAKE)
    await store.note("telegram", "7/8", 5)
    assert await elsewhere.places(LANE) == {"7/8": 100, "odd\ufffd": SNOWFLAKE}
    assert await elsewhere.places("terminal") == {}


async def test_a_place_is_forgotten_a_month_after_its_last_note(store: Store, clock: ManualClock) -> None:
    await store.note(LANE, "left", 1)
    await store.note(LANE, "loved", 1)
    clock.leap(20 * DAY)
    await store.note(LANE, "loved", 1)
    await store.sweep()
    assert len(await store.places(LANE)) == 2
    clock.leap(20 * DAY)
    assert await store.sweep() > 0
    assert await store.places(LANE) == {"loved": 1}
    assert await store.sweep() == 0


async def test_bookmarks_move_to_another_store_and_back(store: Store, clock: ManualClock) -> None:
    for number in range(250):
        await store.note(LANE, str(number), number)
    clock.leap(29 * DAY)
    async with open_store("sqlite://", clock) as other:
        assert await copy(store, other, lambda *_: None) == await other.size() == await store.size() == 250
        assert await other.places(LANE) == await store.places(LANE)
        await other.note(LANE, "7", 1_000)
        await copy(other, store, lambda *_: None)
    assert (await store.places(LANE))["7"] == 1_000
    clock.leap(2 * DAY)
    await store.sweep()
    assert await store.places(LANE) == {"7": 1_000}, "when they were noted is copied too"


async def test_permits_beyond_the_burst_are_owed(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    assert await store.draw(BUCKET, 10.0, 2.0, 2) == (0.0, 0.0)
    assert (await elsewhere.draw(BUCKET, 10.0, 2.0, 1))[0] == pytest.approx(0.1)
    assert (await store.draw(BUCKET, 10.0, 2.0, 3))[0] == pytest.approx(0.4)
    assert await store.draw("another", 10.0, 2.0, 1) == (0.0, 0.0)
    await clock.advance(60.0)
    assert await store.draw(BUCKET, 10.0, 2.0, 2) == (0.0, 0.0)
    assert (await store.draw(BUCKET, 10.0, 2.0, 1))[0] == pytest.approx(0.1)


async def test_a_clock_that_lags_behind_refills_nothing(backend: Backend, store: Store, clock: ManualClock) -> None:
    late = replace(backend, clock=ManualClock(clock.now() - 5.0))
    async with late.open() as lagging:
        await store.draw(BUCKET, 1.0, 1.0, 1)
        assert (await lagging.draw(BUCKET, 1.0, 1.0, 1))[0] == pytest.approx(1.0)
        assert (await store.draw(BUCKET, 1.0, 1.0, 1))[0] == pytest.approx(2.0)


async def test_who_draws_at_once_shares_the_rate(store: Store, elsewhere: Store) -> None:
    draws = (client.draw(BUCKET, 50.0, 5.0, 1) for client in (store, elsewhere) * 50)
    waits = sorted(wait for wait, _ in await asyncio.gather(*draws))
    assert waits == pytest.approx([max(0.0, (number - 4) / 50.0) for number in range(100)])


async def test_a_hold_is_known_to_everybody_and_ends(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    assert await elsewhere.held(BUCKET) == 0.0
    await store.hold(BUCKET, 60.0)
    await store.hold(BUCKET, 1.0)
    assert await elsewhere.held(BUCKET) == pytest.approx(60.0)
    await clock.advance(10.0)
    assert (await elsewhere.draw(BUCKET, 10.0, 2.0, 1))[1] == pytest.approx(50.0)
    await clock.advance(51.0)
    assert (await elsewhere.draw(BUCKET, 10.0, 2.0, 1))[1] == await elsewhere.held(BUCKET) == 0.0


async def test_a_hold_takes_no_permits(store: Store) -> None:
    await store.hold(BUCKET, 60.0)
    assert await store.draw(BUCKET, 0.1, 2.0, 2) == pytest.approx((0.0, 60.0))


async def test_a_shared_bucket_is_the_pure_one(store: Store, clock: ManualClock) -> None:
    chance, rate = random.Random(7), Rate(43.0, 2.0)
    await store.draw(BUCKET, rate.per_second, rate.burst, 0)
    bucket = full(rate, clock.now())
    for _ in range(50):
        await clock.advance(chance.choice((0.0, 0.001, 0.02, 0.3)))
        permits = chance.randrange(4)
        bucket, wait = take(bucket, rate, clock.now(), permits)
        assert (await store.draw(BUCKET, rate.per_second, rate.burst, permits))[0] == pytest.approx(wait, abs=1e-6)

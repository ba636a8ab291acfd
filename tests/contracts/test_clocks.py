"""What a store promises when a machine's clock is set, forward or back: whoever waits, waits for as long as ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain_limits import Pace, Whose
from core.domain_sharing import ReceiptState
from core.ports import Outcome, Store
from core.stores.opening import open_store
from core.stores.timekeeping import AGREE
from tests.contracts.conftest import Backend
from tests.contracts.making import LANE, LEASE, asked, claimed
from tests.support.clock import ManualClock

HOUR = 3600.0


async def test_what_was_queued_before_the_clock_was_set_back_is_not_delayed(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    await store.put(asked("a", conversation="terminal:a"))
    await store.put(asked("b", conversation="terminal:b"))
    clock.set(-HOUR)
    assert {(await claimed(store)).id, (await claimed(elsewhere)).id} == {"a", "b"}


async def test_nor_for_a_process_that_begins_only_then(store: Store, backend: Backend, clock: ManualClock) -> None:
    await store.put(asked("a"))
    await store.postpone(await claimed(store), 20.0, spent=False)
    clock.set(-HOUR)
    async with backend.open() as restarted:
        assert await restarted.claim([LANE], LEASE) is None
        await clock.advance(20)
        assert (await claimed(restarted)).id == "a"


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
async def test_a_postponed_turn_waits_for_as_long_as_it_was_to(
    store: Store, clock: ManualClock, seconds: float
) -> None:
    await store.put(asked("a"))
    await store.postpone(await claimed(store), 20.0, spent=False)
    clock.set(seconds)
    await clock.advance(19)
    assert await store.claim([LANE], LEASE) is None
    await clock.advance(1)
    assert (await claimed(store)).id == "a"


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
async def test_a_lease_lasts_for_as_long_as_it_was_given(
    store: Store, elsewhere: Store, clock: ManualClock, seconds: float
) -> None:
    await store.put(asked("a"))
    turn = await claimed(store)
    clock.set(seconds)
    await clock.advance(LEASE - 1)
    assert await elsewhere.claim([LANE], LEASE) is None
    await store.renew(turn, LEASE)
    await clock.advance(LEASE)
    again = await claimed(elsewhere)
    await elsewhere.finish(again, Outcome.ANSWERED)


async def test_processes_whose_clocks_differ_agree_on_who_holds_a_turn(
    store: Store, backend: Backend, clock: ManualClock
) -> None:
    clock.set(HOUR)
    async with backend.open() as ahead:
        await clock.advance(AGREE)
        await store.put(asked("a"))
        turn = await claimed(store)
        assert await ahead.claim([LANE], LEASE) is None
        await store.finish(turn, Outcome.ANSWERED)


async def test_a_request_that_is_being_answered_is_held_for_as_long_as_its_lease_is(
    store: Store, clock: ManualClock
) -> None:
    await store.open_receipt("key", "digest", LEASE)
    clock.set(HOUR)
    assert (await store.open_receipt("key", "digest", LEASE)).state is ReceiptState.RUNNING
    clock.set(-2 * HOUR)
    await clock.advance(LEASE)
    assert (await store.open_receipt("key", "digest", LEASE)).state is ReceiptState.FRESH


async def test_a_bucket_that_all_draw_from_fills_on(store: Store, clock: ManualClock) -> None:
    await store.draw("telegram", rate=1.0, burst=2.0, permits=2)
    await store.hold("telegram", 20.0)
    clock.set(-HOUR)
    assert await store.draw("telegram", rate=1.0, burst=2.0, permits=1) == pytest.approx((1.0, 20.0))
    await clock.advance(3)
    assert await store.draw("telegram", rate=1.0, burst=2.0, permits=1) == pytest.approx((0.0, 17.0))


async def test_a_person_who_asked_too_often_may_go_on_when_they_were_told(store: Store, clock: ManualClock) -> None:
    pace = Pace("user:terminal:ada", Whose.USER, per_second=0.1, burst=1)
    assert await store.admit("a", [pace]) is None
    clock.set(-HOUR)
    delay = await store.admit("b", [pace])
    assert delay is not None
    assert delay.seconds == pytest.approx(10.0)
    await clock.advance(10)
    assert await store.admit("b", [pace]) is None


async def test_a_turn_that_comes_from_a_store_whose_clock_was_ahead_can_be_claimed(
    store: Store, tmp_path: Path, clock: ManualClock
) -> None:
    async with open_store(f"sqlite:///{tmp_path}/source.db", ManualClock(clock.now() + HOUR)) as source:
        await source.put(asked("a"))
        cursor = ""
        while True:
            records, cursor = await source.page(cursor, 100)
            await store.load(records)
            if not cursor:
                break
    assert (await claimed(store)).id == "a"

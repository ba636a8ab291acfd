"""What programs rely on: a request that is repeated is answered once; all processes sign with the same secret."""

from __future__ import annotations

import asyncio

import pytest

from core.domain_sharing import Receipt, ReceiptState
from core.errors import LeaseLost
from core.ports import Store
from core.stores.copying import copy
from core.stores.opening import open_store
from tests.support.clock import ManualClock

KEY, DIGEST = "api:shop\nodd\ud800", "abc"
LEASE = 30.0  # seconds
DAY = 86_400.0
RUNNING = Receipt(ReceiptState.RUNNING)


def _done(body: str) -> Receipt:
    return Receipt(ReceiptState.DONE, body=body)


async def _begun(store: Store, digest: str = DIGEST) -> int:
    """The token of a request that is the caller's now."""
    receipt = await store.open_receipt(KEY, digest, LEASE)
    assert receipt.state is ReceiptState.FRESH
    return receipt.token


async def test_a_repeated_request_is_answered_once(store: Store, elsewhere: Store) -> None:
    token = await _begun(store)
    assert await elsewhere.open_receipt(KEY, DIGEST, LEASE) == RUNNING
    await store.close_receipt(KEY, token, '{"an": "answer"}')
    assert await elsewhere.open_receipt(KEY, DIGEST, LEASE) == _done('{"an": "answer"}')
    assert (await elsewhere.open_receipt("another", DIGEST, LEASE)).state is ReceiptState.FRESH


async def test_a_key_belongs_to_one_request(store: Store) -> None:
    token = await _begun(store)
    mismatch = Receipt(ReceiptState.MISMATCH)
    assert await store.open_receipt(KEY, "another", LEASE) == mismatch
    await store.close_receipt(KEY, token, "")
    assert await store.open_receipt(KEY, "another", LEASE) == mismatch
    assert await store.open_receipt(KEY, DIGEST, LEASE) == _done("")


async def test_what_was_not_answered_is_asked_afresh(store: Store) -> None:
    token = await _begun(store)
    await store.close_receipt(KEY, token, None)
    again = await _begun(store, "another")
    await store.close_receipt(KEY, again, "done")


async def test_who_is_gone_loses_the_request(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    token = await _begun(store)
    await clock.advance(LEASE - 1)
    await store.renew_receipt(KEY, token, LEASE)
    await clock.advance(LEASE - 1)
    assert await elsewhere.open_receipt(KEY, DIGEST, LEASE) == RUNNING
    await clock.advance(2)
    later = await _begun(elsewhere)
    assert later > token
    with pytest.raises(LeaseLost):
        await store.renew_receipt(KEY, token, LEASE)
    with pytest.raises(LeaseLost):
        await store.close_receipt(KEY, token, "too late")
    await elsewhere.close_receipt(KEY, later, "in time")
    with pytest.raises(LeaseLost):
        await elsewhere.close_receipt(KEY, later, "twice")
    assert await store.open_receipt(KEY, DIGEST, LEASE) == _done("in time")


async def test_a_lease_that_lapsed_unnoticed_still_ends_well(store: Store, clock: ManualClock) -> None:
    token = await _begun(store)
    await clock.advance(LEASE + 1)
    await store.close_receipt(KEY, token, "late")
    assert await store.open_receipt(KEY, DIGEST, LEASE) == _done("late")


async def test_one_of_many_at_once_begins(store: Store, elsewhere: Store) -> None:
    opened = await asyncio.gather(*(client.open_receipt(KEY, DIGEST, LEASE) for client in (store, elsewhere) * 10))
    assert sorted(receipt.state for receipt in opened) == [ReceiptState.FRESH] + [ReceiptState.RUNNING] * 19


async def test_a_receipt_is_forgotten_after_a_day(store: Store, clock: ManualClock) -> None:
    await store.close_receipt(KEY, await _begun(store), "first")
    clock.leap(DAY - 1)
    await store.sweep()
    assert await store.open_receipt(KEY, DIGEST, LEASE) == _done("first")
    clock.leap(2)
    token = await _begun(store, "another")
    await store.close_receipt(KEY, token, "second")
    clock.leap(DAY + 1)
    assert await store.sweep() == 1
    assert await store.sweep() == await store.size() == 0


async def test_a_request_that_takes_days_stays_whose_it_is(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    token = await _begun(store)
    for _ in range(3):
        clock.leap(DAY - 1)
        await store.renew_receipt(KEY, token, LEASE)
        await store.sweep()
    assert await elsewhere.open_receipt(KEY, DIGEST, LEASE) == RUNNING


async def test_a_secret_is_the_first_that_was_offered(store: Store, elsewhere: Store) -> None:
    offered = [f"secret {number}" for number in range(10)]
    kept = await asyncio.gather(*(client.secret("cookies", one) for one in offered for client in (store, elsewhere)))
    assert len(set(kept)) == 1
    assert kept[0] in offered
    assert await store.secret("another", "") == ""
    assert await store.secret("another", "its own") == "its own"
    assert await elsewhere.secret("another", "") == "its own"


async def test_receipts_and_secrets_move_to_another_store_and_back(store: Store, clock: ManualClock) -> None:
    await store.close_receipt(KEY, await _begun(store), "done")
    await store.open_receipt("unfinished", DIGEST, LEASE)
    await store.secret("cookies", "ours")
    async with open_store("sqlite://", clock) as other:
        assert await copy(store, other, lambda *_: None) == await other.size() == await store.size() == 3
        assert await other.open_receipt(KEY, DIGEST, LEASE) == _done("done")
        assert await other.secret("cookies", "theirs") == "ours"
        unfinished = await other.open_receipt("unfinished", DIGEST, LEASE)
        await other.close_receipt("unfinished", unfinished.token, "at last")
        await copy(other, store, lambda *_: None)
        assert await store.open_receipt("unfinished", DIGEST, LEASE) == _done("at last")

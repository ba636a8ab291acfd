"""What is still to be said: one process at a time is to say it, and what one leaves another one finds."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.domain import PersonId
from core.domain_sharing import Unsaid
from core.errors import LeaseLost
from core.ports import Store
from tests.support.clock import ManualClock

LANE = "chat"
ADA, BOB = PersonId("chat:ada"), PersonId("chat:bob")
LEASE = 10.0  # seconds
DAY = 86_400.0
HELLO = Unsaid(LANE, "odd\n1", ADA, "Hello")


async def _left(store: Store) -> list[tuple[str, str]]:
    return [(unsaid.key, unsaid.body) for unsaid in await store.take_unsaid(LANE, LEASE)]


async def test_what_somebody_is_at_is_left_to_them(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    owed = await store.owe(HELLO, LEASE)
    await clock.advance(LEASE - 1)
    await store.renew_unsaid(owed, LEASE)
    await clock.advance(LEASE - 1)
    assert await elsewhere.take_unsaid(LANE, LEASE) == ()
    await store.said(owed)
    await clock.advance(2)
    assert await elsewhere.take_unsaid(LANE, LEASE) == ()


async def test_another_one_says_what_was_left(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    owed = await store.owe(replace(HELLO, body="two words"), LEASE)
    await store.renew_unsaid(replace(owed, body="words"), LEASE)
    await clock.advance(LEASE + 1)
    (taken,) = await elsewhere.take_unsaid(LANE, LEASE)
    assert taken == replace(owed, body="words", token=taken.token)
    with pytest.raises(LeaseLost):
        await store.renew_unsaid(owed, LEASE)
    await store.said(owed)
    await elsewhere.renew_unsaid(taken, LEASE)
    await elsewhere.said(taken)
    with pytest.raises(LeaseLost):
        await elsewhere.renew_unsaid(taken, LEASE)


async def test_who_leaves_says_when_it_may_be_said(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    later = await store.owe(replace(HELLO, key="later", body="later"), LEASE)
    soon = await store.owe(replace(HELLO, key="soon", body="soon"), LEASE)
    await store.renew_unsaid(later, 3.0)
    await store.renew_unsaid(soon, 0.0)
    assert await _left(elsewhere) == [("soon", "soon")]
    await clock.advance(4.0)
    assert await _left(elsewhere) == [("later", "later")]


async def test_what_was_left_first_comes_first(store: Store, clock: ManualClock) -> None:
    for number in range(5):
        await store.owe(Unsaid(LANE, f"{9 - number}", ADA, f"{number}"), LEASE)
        await clock.advance(0.1)
    await store.owe(Unsaid("another", "1", ADA, "elsewhere"), LEASE)
    await clock.advance(LEASE + 1)
    assert [body for _, body in await _left(store)] == ["0", "1", "2", "3", "4"]


async def test_one_of_many_at_once_says_it(store: Store, elsewhere: Store) -> None:
    await store.owe(HELLO, 0.0)
    found = await asyncio.gather(*(client.take_unsaid(LANE, LEASE) for client in (store, elsewhere) * 5))
    assert len([unsaid for taken in found for unsaid in taken]) == 1


async def test_the_same_key_is_said_once(store: Store, clock: ManualClock) -> None:
    """A command that was delivered again after a kill."""
    before = await store.owe(replace(HELLO, body="first"), LEASE)
    await store.owe(replace(HELLO, body="second"), LEASE)
    await store.said(before)
    await clock.advance(LEASE + 1)
    assert await _left(store) == [(HELLO.key, "second")]


async def test_nobody_is_told_after_a_day(store: Store, clock: ManualClock) -> None:
    await store.owe(HELLO, LEASE)
    clock.leap(DAY + 1)
    assert await store.sweep() == 1
    assert await store.take_unsaid(LANE, LEASE) == ()


async def test_who_is_forgotten_is_told_nothing_more(store: Store, clock: ManualClock) -> None:
    owed = await store.owe(HELLO, LEASE)
    await store.owe(Unsaid(LANE, "2", BOB, "Bob"), LEASE)
    assert await store.forget_person(ADA, "gone") == 1
    with pytest.raises(LeaseLost):
        await store.renew_unsaid(owed, LEASE)
    await clock.advance(LEASE + 1)
    assert await _left(store) == [("2", "Bob")]

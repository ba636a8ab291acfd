"""Tallies: what was answered, and how many people asked, counted over all processes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.domain import NO_USAGE, Usage
from core.domain_limits import Tally, Whose, day_of
from core.ports import Store
from core.stores.copying import copy
from core.stores.opening import open_store
from core.stores.tallies import SEEN_MEMORY, TALLY_MEMORY
from tests.support.clock import ManualClock

DAY = 86_400.0
USED = Usage(prompt=100, cached=80, completion=10, cost=5)


def answered(day: str, model: str = "m one", usage: Usage = USED) -> Tally:
    return Tally(day, model, usage, answers=1)


def who(person: str, chat: str = "c") -> dict[Whose, str]:
    return {Whose.USER: person, Whose.CHAT: chat}


async def test_what_all_processes_count_adds_up_by_day_and_model(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    today, yesterday = day_of(clock.now()), day_of(clock.now() - DAY)
    counting = [client.count(answered(today), who("a")) for client in (store, elsewhere) * 10]
    await asyncio.gather(*counting, store.count(answered(today, "other", Usage(prompt=1)), who("a")))
    await store.count(Tally(yesterday, "", failures=1), {})
    assert await elsewhere.tallies(yesterday) == (
        Tally(yesterday, "", NO_USAGE, failures=1),
        Tally(today, "m one", Usage(2000, 1600, 200, cost=100, calls=20), answers=20),
        Tally(today, "other", Usage(prompt=1), answers=1),
    )
    assert [tally.day for tally in await store.tallies(today)] == [today, today]


async def test_who_asks_often_is_one_person_seen_last_when_they_asked_last(store: Store, clock: ManualClock) -> None:
    today, before = day_of(clock.now()), day_of(clock.now() - 10 * DAY)
    for person, day in (("a", today), ("a", before), ("b", before), ("b", before), ("c", today)):
        await store.count(answered(day), who(person))
    assert [await store.seen(Whose.USER, day) for day in (today, before)] == [2, 3]
    assert [await store.seen(Whose.CHAT, day) for day in (today, before)] == [1, 1]


async def test_what_is_old_is_forgotten(store: Store, clock: ManualClock) -> None:
    first = day_of(clock.now())
    await store.count(answered(first), who("a"))
    clock.leap((SEEN_MEMORY + 1) * DAY)
    await store.count(answered(day_of(clock.now())), who("b"))
    await store.sweep()
    assert (await store.seen(Whose.USER, first), len(await store.tallies(first))) == (1, 2)
    clock.leap((TALLY_MEMORY - SEEN_MEMORY) * DAY)
    await store.count(answered(day_of(clock.now())), who("b"))
    await store.sweep()
    assert len(await store.tallies(first)) == 2


async def test_tallies_move_to_another_store_and_back(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    today = day_of(clock.now())
    for number in range(30):
        await store.count(answered(today, f"model {number % 3}"), who(f"{number}", f"{number % 7}"))
    async with open_store(f"sqlite:///{tmp_path}/copy.db", clock) as target:
        assert await copy(store, target, lambda *_: None) == await store.size() == 3 + 30 + 7
        await copy(target, store, lambda *_: None)
        for client in (store, target):
            assert [tally.answers for tally in await client.tallies(today)] == [10, 10, 10]
            assert (await client.seen(Whose.USER, today), await client.seen(Whose.CHAT, today)) == (30, 7)

"""Places: who is inside, who waits and as which number, told by several processes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from core.domain_limits import Queue
from core.ports import Store
from tests.contracts.conftest import Backend
from tests.support.clock import ManualClock

LEASE, WORD = 15.0, 2.0
QUEUE = Queue("openai", 2, LEASE, WORD)


async def stand(
    store: Store, waiting: Mapping[str, float], *, inside: Collection[str] = (), gone: Collection[str] = ()
) -> Mapping[str, int]:
    return await store.stand(QUEUE, waiting, inside, gone)


async def test_who_waits_longest_is_let_in_and_the_others_have_numbers(store: Store) -> None:
    numbers = await stand(store, {"d": 4.0, "b": 2.0, "a": 1.0, "c": 3.0})
    assert numbers == {"a": 0, "b": 0, "c": 1, "d": 2}


async def test_there_is_one_line_for_all_processes(store: Store, elsewhere: Store) -> None:
    assert await stand(store, {"a": 1.0, "c": 3.0}) == {"a": 0, "c": 0}
    assert await stand(elsewhere, {"b": 2.0, "e": 5.0}) == {"b": 1, "e": 2}
    assert await stand(store, {"d": 4.0}, inside=["a", "c"]) == {"d": 2}
    assert await stand(elsewhere, {"b": 2.0, "e": 5.0}) == {"b": 1, "e": 3}


async def test_a_place_is_kept_for_who_comes_before(store: Store, elsewhere: Store) -> None:
    await stand(store, {"a": 1.0, "b": 2.0})
    assert await stand(elsewhere, {"c": 3.0}) == {"c": 1}
    assert await stand(store, {"d": 4.0}, inside=["b"], gone=["a"]) == {"d": 2}
    assert await stand(elsewhere, {"c": 3.0}) == {"c": 0}
    assert await stand(store, {"d": 4.0}, inside=["b"]) == {"d": 1}


async def test_to_be_inside_twice_takes_one_place(store: Store) -> None:
    for _ in range(2):  # the first time the answer may have been lost
        assert await stand(store, {"a": 1.0}) == {"a": 0}
    assert await stand(store, {"b": 2.0, "c": 3.0}, inside=["a"]) == {"b": 0, "c": 1}


async def test_who_is_inside_and_has_not_heard_of_it_keeps_the_place_for_as_long(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    for _ in range(2):
        await stand(store, {"a": 1.0, "b": 2.0})
    await clock.advance(LEASE - 1.0)
    assert await stand(elsewhere, {"c": 3.0}) == {"c": 1}


async def test_who_is_inside_stays_so_where_fewer_may_be_from_now_on(store: Store) -> None:
    waiting = {"a": 1.0, "b": 2.0}
    await stand(store, waiting)  # the answer may have been lost
    narrower = Queue(QUEUE.name, 0, LEASE, WORD)
    assert await store.stand(narrower, {**waiting, "c": 3.0}, (), ()) == {"a": 0, "b": 0, "c": 1}


async def test_a_place_of_which_nothing_is_heard_is_free_again(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    await stand(store, {"a": 1.0, "b": 2.0})
    await clock.advance(LEASE - 1.0)
    assert await stand(elsewhere, {"d": 4.0}) == {"d": 1}
    await clock.advance(1.5)
    assert await stand(elsewhere, {"d": 4.0}) == {"d": 0}


async def test_who_waits_and_says_nothing_is_passed_over_and_comes_back_to_where_it_stood(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    await stand(store, {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0})
    assert await stand(elsewhere, {"e": 5.0, "f": 6.0}) == {"e": 3, "f": 4}
    await clock.advance(WORD + 0.5)
    assert await stand(elsewhere, {"e": 5.0, "f": 6.0}) == {"e": 1, "f": 2}
    assert await stand(store, {"c": 3.0, "d": 4.0}, inside=["b"], gone=["a"]) == {"c": 0, "d": 1}
    assert await stand(elsewhere, {"e": 5.0, "f": 6.0}) == {"e": 2, "f": 3}


async def test_who_says_so_keeps_a_place(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    await stand(store, {"a": 1.0, "b": 2.0, "c": 3.0})
    for _ in range(20):
        await clock.advance(WORD - 0.5)
        assert await stand(store, {"c": 3.0}, inside=["a", "b"]) == {"c": 1}
    assert await stand(elsewhere, {"d": 4.0}) == {"d": 2}


async def test_who_comes_back_to_a_place_that_was_given_away_is_one_too_many_until_others_leave(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    await stand(store, {"a": 1.0, "b": 2.0})
    await clock.advance(LEASE + 1.0)
    assert await stand(elsewhere, {"c": 3.0, "d": 4.0}) == {"c": 0, "d": 0}
    await stand(store, {}, inside=["a", "b"])
    assert await stand(elsewhere, {"e": 5.0}, inside=["d"], gone=["c"]) == {"e": 1}
    await stand(store, {}, gone=["a", "b"])
    assert await stand(elsewhere, {"e": 5.0}, inside=["d"]) == {"e": 0}


async def test_queues_do_not_know_each_other(store: Store) -> None:
    await stand(store, {"a": 1.0, "b": 2.0})
    assert await store.stand(Queue("another", 1, LEASE, WORD), {"c": 3.0, "d": 4.0}, (), ()) == {"c": 0, "d": 1}


async def test_at_once_no_more_enter_than_there_are_places(store: Store, elsewhere: Store) -> None:
    steps = (stand(client, {f"{number}": 1.0}) for number, client in enumerate((store, elsewhere) * 20))
    assert [number for step in await asyncio.gather(*steps) for number in step.values()].count(0) == 2


async def test_hundreds_stand_in_line_with_one_step(store: Store, elsewhere: Store) -> None:
    await stand(elsewhere, {f"{number}": float(number) for number in range(1, 1000, 2)})
    numbers = await stand(store, {f"{number}": float(number) for number in range(0, 1000, 2)})
    assert numbers == {"0": 1, "2": 2} | {f"{number}": number - 1 for number in range(4, 1000, 2)}


async def test_places_are_forgotten(backend: Backend, store: Store, clock: ManualClock) -> None:
    await stand(store, {"a": 1.0, "b": 2.0, "c": 3.0})
    await clock.advance(LEASE + 1.0)
    assert await store.sweep() == (3 if backend.url.startswith("sqlite") else 0), "Redis forgets by itself"

"""Words on their way to whoever watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.errors import FeedGap
from core.ports import Store
from core.ports_sharing import Following
from core.stores.feeds import KEPT, MEMORY
from tests.contracts.conftest import Backend
from tests.support.clock import ManualClock, settle

FEED = "web:ada"
FROM_NOW: str | None = None


async def _data(following: Following, number: int) -> list[str]:
    """The next *number* events, however many come at once."""
    found: list[str] = []
    while len(found) < number:
        found += [event.data for event in await following.next()]
    return found


@pytest.fixture
async def shared(backend: Backend, store: Store) -> AsyncIterator[Store]:
    """Another process, where the backend carries feeds from one to the other."""
    if backend.url.startswith("sqlite"):
        yield store
        return
    async with backend.open() as client:
        yield client


async def test_who_follows_gets_what_is_published_from_then_on(store: Store, shared: Store) -> None:
    await store.publish(FEED, "before")
    async with shared.follow(FEED, FROM_NOW) as following:
        for number in range(20):
            await store.publish(FEED, f"word {number}\n…")
        await store.publish("web:grace", "not for us")
        assert await _data(following, 20) == [f"word {number}\n…" for number in range(20)]
        waiting = asyncio.ensure_future(following.next())
        await settle()
        assert not waiting.done()
        await store.publish(FEED, "\ud83d\ude00 \ud800")
        assert [event.data for event in await waiting] == ["\U0001f600 \ufffd"]


async def test_two_pages_of_one_person_each_get_everything(store: Store, shared: Store) -> None:
    async with shared.follow(FEED, FROM_NOW) as one, shared.follow(FEED, FROM_NOW) as two:
        await store.publish(FEED, "a")
        assert await _data(one, 1) == await _data(two, 1) == ["a"]
    async with shared.follow(FEED, FROM_NOW) as again:
        await store.publish(FEED, "b")
        assert await _data(again, 1) == ["b"]


async def test_who_comes_back_misses_nothing(store: Store, shared: Store) -> None:
    ids = [await store.publish(FEED, str(number)) for number in range(10)]
    assert await shared.newest(FEED) == ids[-1]
    async with shared.follow(FEED, ids[6]) as following:
        await store.publish(FEED, "10")
        assert await _data(following, 4) == ["7", "8", "9", "10"]
    async with shared.follow(FEED, ids[-1]) as following:
        assert [event.data for event in await following.next()] == ["10"]


async def test_everything_that_is_kept_can_be_had(store: Store, shared: Store) -> None:
    assert await shared.newest(FEED) == ""
    async with shared.follow(FEED, "") as following:
        await store.publish(FEED, "0")
        assert await _data(following, 1) == ["0"]
    await store.publish(FEED, "1")
    async with shared.follow(FEED, "") as following:
        assert await _data(following, 2) == ["0", "1"]


async def test_the_words_come_in_order_while_the_past_is_read(store: Store, shared: Store) -> None:
    published = [str(number) for number in range(400)]
    for data in published[:200]:
        await store.publish(FEED, data)

    async def go_on() -> None:
        for data in published[200:]:
            await store.publish(FEED, data)

    going_on = asyncio.create_task(go_on())
    async with shared.follow(FEED, "") as early:
        await asyncio.sleep(0)
        async with shared.follow(FEED, "") as late:
            assert await _data(early, 400) == await _data(late, 400) == published
    await going_on


async def test_what_is_kept_no_more_is_a_gap(store: Store, shared: Store) -> None:
    first = await store.publish(FEED, "first")
    await asyncio.gather(*(store.publish(FEED, str(number)) for number in range(KEPT * 3 // 2)))
    for unknown in (first, "0-1", "no id at all", "9" * 300):
        with pytest.raises(FeedGap):
            async with shared.follow(FEED, unknown):
                pass
    async with shared.follow(FEED, "") as following:
        assert len(await _data(following, KEPT)) < KEPT * 5 // 4


async def test_who_takes_nothing_for_too_long_is_told_of_the_gap(store: Store, shared: Store) -> None:
    async with shared.follow(FEED, FROM_NOW) as following, shared.follow(FEED, FROM_NOW) as awake:
        for batch in range(3):
            await asyncio.gather(*(store.publish(FEED, f"{batch} {number}") for number in range(KEPT)))
            await _data(awake, KEPT)
        with pytest.raises(FeedGap):
            await following.next()


async def test_a_feed_is_forgotten_a_while_after_its_last_event(
    backend: Backend, store: Store, clock: ManualClock
) -> None:
    if not backend.url.startswith("sqlite"):
        pytest.skip("the server's own clock decides")
    await store.publish(FEED, "left")
    clock.leap(MEMORY - 1)
    await store.publish("web:grace", "loved")
    assert await store.newest(FEED)
    clock.leap(2)
    assert await store.newest(FEED) == ""
    assert await store.newest("web:grace")


async def test_waiting_for_events_can_be_given_up_at_any_moment(store: Store, shared: Store) -> None:
    async with shared.follow(FEED, FROM_NOW) as following:
        for number in range(20):
            waiting = asyncio.ensure_future(following.next())
            await settle(number)
            await store.publish(FEED, str(number))
            waiting.cancel()
            await asyncio.wait({waiting})
            if waiting.cancelled():
                assert await _data(following, 1) == [str(number)]
            else:
                assert [event.data for event in waiting.result()] == [str(number)]

"""Who follows a feed hears everything once and in order, or that something is missing, whatever Redis does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.domain import PersonId
from core.domain_sharing import FeedEvent
from core.errors import FeedGap, StoreUnavailable
from core.ports import Store
from core.ports_sharing import Following
from core.stores.options import StoreOptions
from core.stores.redis import listening
from core.stores.redis.bundle import Bundle
from core.stores.redis.opening import open_redis
from tests.support.clock import ManualClock, settle, until
from tests.support.servers import RedisServer, redis_group, redis_nodes

FEED = "web:ada"
STREAM = "parlour:{p0}:e:web:ada"
PLAIN = StoreOptions()


@pytest.fixture
def lasting() -> Iterator[RedisServer]:
    with RedisServer(durable=True) as server:
        yield server


@pytest.fixture
async def store(lasting: RedisServer, clock: ManualClock) -> AsyncIterator[Store]:
    async with open_redis(lasting.url, clock, PLAIN) as store:
        yield store


@pytest.fixture
async def elsewhere(lasting: RedisServer) -> AsyncIterator[Store]:
    async with open_redis(lasting.url, ManualClock(), PLAIN) as store:
        yield store


async def _next(following: Following, clock: ManualClock) -> Sequence[FeedEvent]:
    """What comes next, while time passes for who tries again from time to time."""
    waiting = asyncio.ensure_future(following.next())
    for _ in range(2000):
        if (await asyncio.wait({waiting}, timeout=0.005))[0]:
            return waiting.result()
        await clock.advance(0.1)
    waiting.cancel()
    raise AssertionError("nothing came")


async def _heard(following: Following, clock: ManualClock, last: str) -> list[str]:
    """Everything up to *last*."""
    found: list[str] = []
    while last not in found:
        found += [event.data for event in await _next(following, clock)]
    return found


async def test_what_is_said_at_the_last_moment_is_written(store: Any) -> None:
    """Within one turn of the event loop, in which nothing was sent yet."""
    database = store._database
    async with aclosing(Bundle(database.link)) as bundle:
        saying = bundle.run(database.call("agree", database.partitions[0], 1.0))
    assert saying.done()


async def test_a_server_that_comes_back_with_everything_costs_nothing(
    lasting: RedisServer, store: Store, clock: ManualClock
) -> None:
    async with store.follow(FEED, None) as following, store.follow("web:idle", None) as idle:
        await store.publish(FEED, "1")
        lasting.kill()
        with pytest.raises(StoreUnavailable):
            await store.publish(FEED, "lost, and its publisher knows")
        await asyncio.to_thread(lasting.start)
        await store.publish(FEED, "2")
        assert await _heard(following, clock, "2") == ["1", "2"]
        await store.publish(FEED, "3")
        assert await _heard(following, clock, "3") == ["3"]
        await store.publish("web:idle", "first")
        assert await _heard(idle, clock, "first") == ["first"]


async def test_a_server_that_forgot_everything_is_a_gap(clock: ManualClock) -> None:
    with RedisServer() as server:
        async with open_redis(server.url, clock, PLAIN) as store, store.follow(FEED, None) as following:
            await store.publish(FEED, "1")
            assert await _heard(following, clock, "1") == ["1"]
            server.kill()
            await asyncio.to_thread(server.start)
            with pytest.raises(FeedGap):
                await _next(following, clock)
            with pytest.raises(FeedGap):
                await following.next()


async def test_words_that_were_said_while_nobody_listened_are_read(
    lasting: RedisServer, store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    async with store.follow(FEED, None) as following, store.follow(FEED, "") as second:
        await elsewhere.publish(FEED, "0")
        assert await _heard(following, clock, "0") == ["0"]
        lasting.command("CLIENT", "KILL", "TYPE", "pubsub")
        for number in range(1, 50):
            await elsewhere.publish(FEED, str(number))
        assert await _heard(following, clock, "49") == [str(number) for number in range(1, 50)]
        assert await _heard(second, clock, "49") == [str(number) for number in range(50)]


async def test_one_word_that_went_unheard_is_noticed_by_the_next(
    lasting: RedisServer, store: Store, clock: ManualClock
) -> None:
    async with store.follow(FEED, None) as following:
        await store.publish(FEED, "1")
        lasting.command("XADD", STREAM, "*", "event", "unheard")
        await store.publish(FEED, "2")
        await store.publish(FEED, "3")
        assert await _heard(following, clock, "3") == ["1", "unheard", "2", "3"]


async def test_a_feed_that_was_forgotten_begins_anew_without_a_gap(
    lasting: RedisServer, store: Store, clock: ManualClock
) -> None:
    """As after ten silent minutes."""
    async with store.follow(FEED, None) as following:
        await store.publish(FEED, "1")
        assert await _heard(following, clock, "1") == ["1"]
        lasting.command("DEL", STREAM)
        await store.publish(FEED, "2")
        assert await _heard(following, clock, "2") == ["2"]


async def test_while_the_server_is_away_nobody_begins_to_follow(
    lasting: RedisServer, store: Store, clock: ManualClock
) -> None:
    lasting.kill()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            async with store.follow(FEED, None):
                pass
        await clock.advance(1.0)
    await asyncio.to_thread(lasting.start)
    while True:
        try:
            async with store.follow(FEED, None) as following:
                await store.publish(FEED, "1")
                assert await _heard(following, clock, "1") == ["1"]
        except StoreUnavailable:
            await clock.advance(0.5)
        else:
            return


async def test_a_connection_that_is_only_open_is_noticed(
    lasting: RedisServer, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "SILENCE", 0.02)
    monkeypatch.setattr(listening, "PAUSE", 0.2)
    async with open_redis(lasting.url, clock, PLAIN) as store, store.follow(FEED, None) as following:
        with capture_logs() as lines:
            await until(lambda: "cmdstat_ping:calls=3" in lasting.command("INFO", "commandstats"))
            assert not lines, "silence alone is no absence"
            lasting.pause()
            await until(lambda: "redis.subscription_lost" in [line["event"] for line in lines])
        lasting.resume()
        await store.publish(FEED, "1")
        assert await _heard(following, clock, "1") == ["1"]


async def test_who_leaves_while_the_server_is_away_leaves(lasting: RedisServer, store: Store) -> None:
    async with store.follow(FEED, None):
        lasting.kill()
        await settle()


async def test_a_node_of_a_cluster_that_comes_back_costs_nothing(clock: ManualClock) -> None:
    with redis_nodes() as cluster:
        async with open_redis(cluster.url, clock, PLAIN) as store:
            for node in cluster.nodes:
                async with store.follow(FEED, None) as following:
                    first = await store.publish(FEED, "before")
                    node.kill()
                    await asyncio.to_thread(node.start)
                    last = await _published(store, clock)
                    assert last > first
                    assert set(await _heard(following, clock, "after")) == {"before", "after"}


async def _published(store: Store, clock: ManualClock) -> str:
    """The id of an event that is published as soon as the server takes it."""
    while True:
        try:
            return await store.publish(FEED, "after")
        except StoreUnavailable:
            await clock.advance(0.5)
            await asyncio.sleep(0.01)


async def test_a_fail_over_is_survived(clock: ManualClock) -> None:
    with redis_group() as group:
        async with open_redis(group.url, clock, PLAIN) as store, store.follow(FEED, None) as following:
            await store.publish(FEED, "before")
            assert await _heard(following, clock, "before") == ["before"]
            await asyncio.to_thread(group.fail_over)
            await _published(store, clock)
            assert await _heard(following, clock, "after") == ["after"]


async def test_who_does_not_know_yet_that_somebody_is_forgotten_brings_no_word_back(
    store: Store, elsewhere: Store, lasting: RedisServer
) -> None:
    await store.publish(FEED, "a word")
    await store.forget_person(PersonId(FEED), "")
    assert await elsewhere.publish(FEED, "another") == ""
    assert await store.newest(FEED) == ""
    assert "ada" not in lasting.command("KEYS", "*")

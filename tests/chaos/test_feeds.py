"""Pages follow while connections break and the server is killed: each word comes once, in order, to everybody."""

from __future__ import annotations

import asyncio
import random

from core.clock import SystemClock
from core.domain_sharing import FeedEvent
from core.errors import StoreUnavailable
from core.ports import Store
from core.ports_sharing import Feeds
from core.stores.opening import open_store
from tests.support.servers import RedisServer

FEEDS = [f"web:{number}" for number in range(8)]
WORDS = 120
LAST = str(WORDS - 1)
CLOCK = SystemClock()


async def _publish(feeds: Feeds, feed: str, server: RedisServer, chance: random.Random) -> None:
    for number in range(WORDS):
        if feed == FEEDS[0] and number % 30 == 20:
            await _break(server, chance)
        while not await _said(feeds, feed, str(number)):
            await CLOCK.sleep(0.02)


async def _said(feeds: Feeds, feed: str, word: str) -> bool:
    try:
        await feeds.publish(feed, word)
    except StoreUnavailable:
        return False
    return True


async def _break(server: RedisServer, chance: random.Random) -> None:
    if chance.random() < 0.5:
        await asyncio.to_thread(server.command, "CLIENT", "KILL", "TYPE", "pubsub")
    else:
        server.kill()
        await asyncio.to_thread(server.start)


async def _follow(feeds: Feeds, feed: str, stay: int) -> list[FeedEvent]:
    """All events up to the last word, by somebody who goes and comes back after every *stay* of them."""
    found: list[FeedEvent] = []
    while not found or found[-1].data != LAST:
        try:
            async with feeds.follow(feed, found[-1].id if found else "") as following:
                enough = len(found) + stay
                while len(found) < enough and not (found and found[-1].data == LAST):
                    found += await following.next()
        except StoreUnavailable:
            await CLOCK.sleep(0.02)
    return found


async def _everything(store: Store, elsewhere: Store, server: RedisServer) -> list[list[FeedEvent]]:
    chance = random.Random(7)
    async with asyncio.TaskGroup() as group:
        following = [group.create_task(_follow(elsewhere, feed, stay)) for feed in FEEDS for stay in (7, WORDS)]
        for feed in FEEDS:
            group.create_task(_publish(store, feed, server, chance))
    return [task.result() for task in following]


async def test_every_word_comes_once_and_in_order_whatever_breaks() -> None:
    with RedisServer(durable=True) as server:
        async with open_store(server.url, CLOCK) as store, open_store(server.url, CLOCK) as elsewhere:
            heard = await _everything(store, elsewhere, server)
    for events in heard:
        assert len({event.id for event in events}) == len(events)
        # A word whose publisher heard of a failure may have been kept all the same, and is said again.
        assert list(dict.fromkeys(event.data for event in events)) == [str(number) for number in range(WORDS)]

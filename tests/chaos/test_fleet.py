"""Several processes on one store, killed, paused and cut off: order kept, nothing lost, nothing doubled.

The short forms run in `make test`, the long ones in `make soak`. Each prints its figure (``pytest -s``).
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

import pytest

from core.clock import SystemClock
from core.domain import ConversationId, Encoding
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.support.clock import until
from tests.support.fleet import Fleet, at_rest
from tests.support.platform import Platform
from tests.support.servers import RedisServer, redis_cluster, redis_group, redis_server
from tests.support.station import Orders

LEASE = 6.0
"""Seconds: a machine that has too much to do keeps a process waiting for two or three, again and again."""
LONG = 30_000
"""Attempts of `until`: a minute or more, for what takes a whole load to finish."""


@dataclass(slots=True)
class Load:
    """Users writing to a platform, and what must have come of it."""

    platform: Platform
    conversations: int
    asked: dict[str, list[tuple[str, str]]]

    def say(self, number: int) -> None:
        conversation = f"test:{number % self.conversations}"
        question = f"{number} how are you today my friend"
        turn = self.platform.say(conversation, question, time.time())
        self.asked.setdefault(conversation, []).append((turn, question))

    @property
    def expected(self) -> dict[str, str]:
        return {turn: echo(question) for asked in self.asked.values() for turn, question in asked}

    def complete(self) -> bool:
        """Every turn is shown whole. Cheap while it is not."""
        shown = {message.turn: message.text for message in self.platform.messages.values()}
        return shown == self.expected

    async def end(self, store: str) -> None:
        """Returns when every turn is shown whole, and ended too: a draft may be whole already."""
        await until(self.complete, LONG)
        await at_rest(store)

    async def verify(self, store: str) -> None:
        """Exactly one whole answer each on the platform; in the store the exchanges in the order they were asked."""
        assert sorted(message.turn for message in self.platform.messages.values()) == sorted(self.expected)
        assert self.complete()
        async with open_store(store, SystemClock()) as opened:
            for conversation, asked in self.asked.items():
                place = ConversationId(conversation)
                head = (await opened.conversation(place)).head
                path = await opened.path(place, head, Encoding.O200K, 1 << 60)
                assert [message.text for message in path[0::2]] == [question for _, question in asked]
                assert [message.text for message in path[1::2]] == [echo(question) for _, question in asked]
            depth = await opened.depth()
            assert (depth.queued, depth.running, depth.aside) == (0, 0, 0)


def echo(text: str) -> str:
    return f"You said: {text}"


async def crowd(store: str, turns: int, conversations: int) -> None:
    """Two processes answer while users write; one of them is killed and replaced every three seconds."""
    chance = random.Random(turns)
    with Fleet() as fleet:
        async with Platform() as platform:
            load = Load(platform, conversations, {})
            orders = Orders(store, platform.port, LEASE, word_delay=0.02)
            pids = [fleet.start(orders), fleet.start(orders)]
            await until(lambda: len(platform.connected) == 2)
            kills = 0
            for number in range(turns):
                load.say(number)
                if number % 10 == 9:
                    await asyncio.sleep(0.3)
                if number % 100 == 99:
                    victim = chance.randrange(2)
                    fleet.kill(pids[victim])
                    pids[victim] = fleet.start(orders)
                    kills += 1
                    await until(lambda: len(platform.connected) == 2)
            await load.end(orders.store)
            for pid in pids:
                await fleet.stop(pid)
        await load.verify(store)
    print(f"\n{turns} turns over {conversations} conversations, {kills} kills: 0 lost, 0 doubled, order kept")  # noqa: T201  # the figure


TURNS = [500, pytest.param(5000, marks=pytest.mark.soak)]


@pytest.mark.parametrize("turns", TURNS)
async def test_two_processes_on_one_redis_lose_nothing_when_one_is_killed(turns: int) -> None:
    async with redis_server() as url:
        await crowd(url, turns, 50)


@pytest.mark.parametrize("turns", TURNS)
async def test_two_processes_on_a_cluster_lose_nothing_when_one_is_killed(turns: int) -> None:
    async with redis_cluster() as url:
        await crowd(url, turns, 50)


OUTAGE = [1.0, pytest.param(10.0, marks=pytest.mark.soak)]
"""Seconds without a server. 10 s is the claim; the short form shows the same on the way to `make test`."""


@pytest.mark.parametrize("seconds", OUTAGE)
@pytest.mark.parametrize("killed", [False, True], ids=["paused", "killed"])
async def test_redis_going_away_under_load_loses_nothing(seconds: float, killed: bool) -> None:
    with RedisServer(("appendfsync", "always"), durable=True) as server, Fleet() as fleet:
        async with Platform() as platform:
            load = Load(platform, 20, {})
            orders = Orders(server.url, platform.port, LEASE, word_delay=0.02)
            pids = [fleet.start(orders), fleet.start(orders)]
            await until(lambda: len(platform.connected) == 2)
            for number in range(60):
                load.say(number)
            await until(lambda: len(platform.messages) > 10)
            await asyncio.to_thread(server.kill if killed else server.pause)
            for number in range(60, 80):
                load.say(number)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(server.start if killed else server.resume)
            for number in range(80, 100):
                load.say(number)
            await load.end(orders.store)
            for pid in pids:
                await fleet.stop(pid)
        await load.verify(server.url)
    print(f"\nRedis {'killed' if killed else 'paused'} for {seconds:.0f} s under load: 100 turns, 0 lost, 0 doubled")  # noqa: T201  # the figure


async def test_a_sentinel_failover_that_waits_for_one_replica_loses_nothing() -> None:
    options = StoreOptions(replicas=1)
    with redis_group() as group, Fleet() as fleet:
        async with Platform() as platform:
            load = Load(platform, 20, {})
            orders = Orders(group.url, platform.port, LEASE, word_delay=0.02, options=options)
            pids = [fleet.start(orders), fleet.start(orders)]
            await until(lambda: len(platform.connected) == 2)
            for number in range(60):
                load.say(number)
            await until(lambda: len(platform.messages) > 10)
            await asyncio.to_thread(group.fail_over)
            # One of the two servers is gone for good: from here on a replica can no longer be waited for.
            for pid in pids:
                fleet.kill(pid)
            survivors = Orders(group.url, platform.port, LEASE, clock_ahead=LEASE, word_delay=0.02)
            pids = [fleet.start(survivors), fleet.start(survivors)]
            await until(lambda: len(platform.connected) == 2)
            for number in range(60, 100):
                load.say(number)
            await load.end(orders.store)
            for pid in pids:
                await fleet.stop(pid)
        await load.verify(group.url)
    print("\nfail-over by Sentinel under load, waiting for one replica: 100 turns, 0 lost, 0 doubled")  # noqa: T201  # the figure


async def test_a_paused_worker_whose_lease_lapsed_writes_nothing_more() -> None:
    with Fleet() as fleet:
        async with redis_server() as url, Platform() as platform:
            load = Load(platform, 4, {})
            sleeper = fleet.start(Orders(url, platform.port, LEASE, word_delay=0.1))
            await until(lambda: platform.connected == {sleeper})
            for number in range(4):
                load.say(number)
            await until(lambda: len(platform.messages) == 4)
            held = set(load.expected)
            fleet.pause(sleeper)
            other = fleet.start(Orders(url, platform.port, LEASE))  # answers once the lease has lapsed
            await until(load.complete, LONG)
            before = len(platform.writes)
            fleet.resume(sleeper)
            load.say(4)
            await load.end(url)
            await fleet.stop(other)
            await fleet.stop(sleeper)
            await load.verify(url)
    assert [turn for pid, turn, _ in platform.writes[before:] if pid == sleeper and turn in held] == []

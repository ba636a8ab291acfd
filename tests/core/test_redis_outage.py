"""Redis goes away in every way it can, and comes back: nothing that was accepted is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.clock import SystemClock
from core.domain import TurnId
from core.errors import StoreUnavailable
from core.ports import Outcome, Store
from core.stores.options import StoreOptions
from core.stores.redis.mapped import MappedLink, Place, Range
from core.stores.redis.opening import open_redis
from tests.contracts.making import CHAT, LANE, answered, asked, branch, claimed, exchange
from tests.support.clock import ManualClock, until
from tests.support.servers import RedisServer, redis_group, redis_nodes

PLAIN = StoreOptions()
ONE_REPLICA = StoreOptions(replicas=1, replica_wait=0.5)
PATIENT = 60.0  # seconds of lease: nothing lapses here


class Platform:
    """Delivers messages as a platform does: again and again, until they are accepted."""

    def __init__(self, store: Store, conversations: int = 12) -> None:
        self._store = store
        self._conversations = conversations
        self._clock = SystemClock()
        self._open = True
        self.accepted: list[str] = []
        self.refused = 0

    async def deliver(self, name: str) -> None:
        number = 0
        while self._open:
            await self._deliver_one(f"{name}{number}", f"c:{number % self._conversations}")
            number += 1

    async def _deliver_one(self, event: str, conversation: str) -> None:
        while self._open:
            try:
                await self._store.put(asked(event, conversation=conversation))
            except StoreUnavailable:
                self.refused += 1
                await self._clock.sleep(0.02)
            else:
                self.accepted.append(event)
                return

    async def more(self, number: int) -> None:
        goal = len(self.accepted) + number
        await until(lambda: len(self.accepted) >= goal)

    async def refusal(self) -> None:
        refused = self.refused
        await until(lambda: self.refused > refused)

    def close(self) -> None:
        self._open = False


async def _everything(store: Store) -> list[TurnId]:
    """Claims and finishes until nothing is left."""
    seen = []
    while turn := await store.claim([LANE], PATIENT):
        seen.append(turn.id)
        await store.finish(turn, Outcome.ANSWERED)
    return seen


async def _under_load(store: Store, outage: AsyncIterator[None]) -> Platform:
    """Messages keep coming before, during and after *outage*, which yields when the server is gone."""
    platform = Platform(store)
    async with asyncio.TaskGroup() as group:
        for name in ("a", "b", "c"):
            group.create_task(platform.deliver(name))
        await platform.more(50)
        async for _ in outage:
            await platform.refusal()
        await platform.more(50)
        platform.close()
    return platform


async def _kill(server: RedisServer) -> AsyncIterator[None]:
    server.kill()
    yield
    await asyncio.to_thread(server.start)


async def test_a_killed_server_that_comes_back_has_everything_that_was_accepted() -> None:
    with RedisServer(durable=True) as server:
        async with open_redis(server.url, SystemClock(), PLAIN) as store:
            platform = await _under_load(store, _kill(server))
            seen = await _everything(store)
    assert set(platform.accepted) <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_killed_node_of_a_cluster_comes_back_with_everything() -> None:
    with redis_nodes() as cluster:
        async with open_redis(cluster.url, SystemClock(), PLAIN) as store:
            platform = await _under_load(store, _kill(cluster.nodes[1]))
            seen = await _everything(store)
    assert set(platform.accepted) <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_fail_over_loses_nothing_that_a_replica_confirmed() -> None:
    with redis_group() as group:

        async def fail_over() -> AsyncIterator[None]:
            await asyncio.to_thread(group.fail_over)
            yield
            await asyncio.to_thread(group.rejoin)

        async with open_redis(group.url, SystemClock(), ONE_REPLICA) as store:
            platform = await _under_load(store, fail_over())
            seen = await _everything(store)
    assert set(platform.accepted) <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_whole_turn_through_sentinels_survives_the_fail_over() -> None:
    with redis_group() as group:
        async with open_redis(group.url, ManualClock(), ONE_REPLICA) as store:
            await store.put(asked("1", "Is it kept?"))
            turn = await claimed(store)
            await store.commit(turn, await exchange(store, turn, "It is."))
            await asyncio.to_thread(group.fail_over)
        async with open_redis(group.url, ManualClock(), PLAIN) as store:
            assert await branch(store) == ["Is it kept?", "It is."]
            assert not await store.put(asked("1"))


async def test_a_message_that_too_few_replicas_have_is_not_accepted() -> None:
    """Nor does repeating it make it accepted: what the platform hears twice is that it failed."""
    with RedisServer() as lonely:
        async with open_redis(lonely.url, ManualClock(), StoreOptions(replicas=1, replica_wait=0.05)) as store:
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
                    await store.put(asked("1"))


async def test_a_repeated_message_waits_for_the_replica_as_the_first_did() -> None:
    with redis_group() as group:
        async with open_redis(group.url, ManualClock(), StoreOptions(replicas=1, replica_wait=0.05)) as store:
            assert await store.put(asked("1"))
            group.replica.pause()
            with pytest.raises(StoreUnavailable):
                await store.put(asked("2"))
            with pytest.raises(StoreUnavailable):
                await store.put(asked("2"))
            group.replica.resume()
            await until_accepted(store, "2")
            assert [(await claimed(store)).id] == ["1"]


async def until_accepted(store: Store, event: str) -> None:
    while True:
        try:
            assert not await store.put(asked(event)), "it was stored the first time"
        except StoreUnavailable:
            continue
        return


async def test_a_server_that_hangs_is_away_and_goes_on_where_it_was() -> None:
    with RedisServer() as server:
        async with open_redis(f"{server.url}?socket_timeout=0.2", SystemClock(), PLAIN) as store:
            await store.put(asked("1"))
            server.pause()
            with pytest.raises(StoreUnavailable):
                await store.put(asked("2"))
            server.resume()
            await store.put(asked("3"))
            await store.put(asked("2"))
            assert set(await _everything(store)) == {"1", "2", "3"}


async def test_who_waits_hears_again_after_the_server_was_away() -> None:
    with RedisServer(durable=True) as server:
        async with (
            open_redis(server.url, SystemClock(), PLAIN) as waiting,
            open_redis(server.url, SystemClock(), PLAIN) as putting,
        ):
            server.kill()
            assert await waiting.wait(0.05) == frozenset()
            await asyncio.to_thread(server.start)
            await putting.put(asked("1"))
            turn = None
            while turn is None:
                await waiting.wait(60.0)
                turn = await waiting.claim([LANE], PATIENT)
            assert await putting.stop(CHAT)
            while "1" not in await waiting.wait(60.0):
                assert await waiting.renew(turn, PATIENT), "a lost message is made up for by renewing"


async def test_a_server_that_forgot_the_scripts_is_told_them_again() -> None:
    with RedisServer() as server:
        async with open_redis(server.url, ManualClock(), StoreOptions()) as store:
            await answered(store, asked("1"))
            for _ in range(2):
                server.command("SCRIPT", "FLUSH")
                await answered(store, asked("2" if _ else "3"))
            server.command("SCRIPT", "FLUSH")
            assert (await store.depth()).queued == 0


async def test_a_replica_is_waited_for_also_when_the_script_is_new_to_the_server() -> None:
    with redis_group() as group:
        async with open_redis(group.url, ManualClock(), ONE_REPLICA) as store:
            await store.put(asked("1"))
            group.primary.command("SCRIPT", "FLUSH")
            assert await store.put(asked("2"))
            assert not await store.put(asked("2"))


async def test_who_is_cancelled_while_a_command_is_sent_hears_of_it() -> None:
    """However far it had come: a worker that missed it would go on for ever."""
    with RedisServer() as server:
        async with open_redis(server.url, ManualClock(), PLAIN) as store:
            await store.depth()
            for steps in range(40):
                asking = asyncio.create_task(store.conversation(CHAT))
                for _ in range(steps):
                    await asyncio.sleep(0)
                in_time = asking.cancel()
                await asyncio.wait({asking})
                assert asking.cancelled() == in_time, f"after {steps} steps"


async def test_a_claim_that_nobody_waits_for_is_given_back() -> None:
    """A worker told to stop while it claims: the turn is free at once, and the attempt does not count."""
    with RedisServer() as server:
        async with open_redis(server.url, ManualClock(), PLAIN) as store:
            for steps in range(40):
                await store.put(asked(f"{steps}", conversation=f"c:{steps}"))
                claiming = asyncio.create_task(store.claim([LANE], PATIENT))
                for _ in range(steps):
                    await asyncio.sleep(0)
                claiming.cancel()
                await asyncio.wait({claiming})
                turn = await claimed(store) if claiming.cancelled() else claiming.result()
                assert turn is not None
                assert (turn.id, turn.attempt) == (f"{steps}", 1)


class Silent(MappedLink):
    """Nobody knows where anything is, and takes long to say so."""

    def __init__(self) -> None:
        super().__init__("Redis", (), {})
        self.asked = 0
        self.said = asyncio.Event()

    def _advisers(self) -> list[Place]:
        return [("127.0.0.1", 1)]

    async def _ask(self, adviser: Place) -> list[Range]:
        self.asked += 1
        await self.said.wait()
        raise ConnectionRefusedError(adviser)


async def test_where_the_servers_are_is_asked_once_for_all_who_wait() -> None:
    link = Silent()
    asking = [asyncio.create_task(link.execute("GET", f"{number}")) for number in range(20)]
    await until(lambda: link.asked == 1)
    link.said.set()
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(result) for result in results} == {StoreUnavailable}
    assert link.asked == 1
    with pytest.raises(StoreUnavailable):
        await link.execute("GET", "later")
    assert link.asked == 2

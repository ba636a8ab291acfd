"""What the store asks of a Redis server, what it says about one, and what it leaves in it."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from structlog.testing import capture_logs

from core.domain import Ref
from core.errors import StoreError, StoreFull, StoreReadOnly, StoreTooNew, StoreUnavailable
from core.ports import Outcome, Store
from core.stores.options import StoreOptions
from core.stores.redis import health
from core.stores.redis.address import Kind
from core.stores.redis.opening import open_redis
from tests.contracts.making import CHAT, LANE, LEASE, OTHER, answered, asked, branch, claimed, exchange
from tests.support.clock import ManualClock
from tests.support.servers import Cluster, RedisServer, redis_group, redis_nodes

PLAIN = StoreOptions()


async def _warnings(url: str, options: StoreOptions = PLAIN) -> str:
    async with open_redis(url, ManualClock(), options) as store:
        return "\n".join(await store.warnings())


async def test_a_durable_server_is_not_complained_about() -> None:
    with RedisServer(durable=True) as server:
        assert await _warnings(server.url) == ""


async def test_each_way_to_lose_messages_is_named() -> None:
    with RedisServer(("maxmemory-policy", "allkeys-lru")) as server:
        lines = await _warnings(server.url, StoreOptions(replicas=1))
        assert "appendonly" in lines
        assert "allkeys-lru" in lines
        assert "1 replicas" in lines
    with RedisServer(("appendfsync", "no"), durable=True) as server:
        assert "appendfsync" in await _warnings(server.url)


async def test_a_server_that_keeps_its_settings_to_itself_is_warned_of_as_far_as_it_tells() -> None:
    with RedisServer(("user", "guest on >pw ~* &* +@all -config"), durable=True) as server:
        lines = await _warnings(server.url.replace("redis://", "redis://guest:pw@"))
    assert lines.count("\n") == 0
    assert "does not tell how often it writes to disk" in lines


async def test_a_user_who_may_run_no_scripts_is_one_line() -> None:
    with RedisServer(("user", "guest on >pw ~* &* +@all -@scripting")) as server:
        with pytest.raises(StoreError, match="guest has no permissions") as caught:
            await _warnings(server.url.replace("redis://", "redis://guest:pw@"))
        assert not isinstance(caught.value, StoreUnavailable), "waiting does not help"


async def test_a_user_who_may_not_publish_still_gets_answers_and_the_operator_is_warned() -> None:
    with RedisServer(("user", "guest on >pw ~* resetchannels +@all"), durable=True) as server:
        url = server.url.replace("redis://", "redis://guest:pw@")
        assert await _warnings(url) == f"Redis at 127.0.0.1:{server.port}/0: {health.MUTE}"
        with capture_logs() as lines:
            clock = ManualClock()
            async with open_redis(url, clock, PLAIN) as store:
                await answered(store, asked("1"))
                assert await branch(store) == ["Hello?", "Fine."]
                with pytest.raises(StoreUnavailable):
                    await store.follow("web:ada", None).__aenter__()
        assert not lines


async def test_a_wrong_password_is_one_line_without_the_password() -> None:
    with RedisServer(password="right") as server:
        for wrong in (server.url.replace("right", "hush"), server.url.replace(":right@", "")):
            with pytest.raises(StoreError) as caught:
                await _warnings(wrong)
            assert not isinstance(caught.value, StoreUnavailable), "waiting does not help"
            assert "hush" not in str(caught.value)
            assert "\n" not in str(caught.value)


async def test_no_server_at_all_is_one_line() -> None:
    with RedisServer() as server:
        url = server.url
    with pytest.raises(StoreUnavailable, match=r"^Redis at 127\.0\.0\.1:"):
        await _warnings(url)


async def test_a_replica_cannot_be_the_store() -> None:
    with redis_group() as group:
        with pytest.raises(StoreReadOnly, match="read-only replica"):
            await _warnings(group.replica.url)
        with pytest.raises(StoreUnavailable, match="no service other"):
            await _warnings(group.url.replace("/parlour/", "/other/"))


async def test_an_old_server_is_refused_in_one_line() -> None:
    with pytest.raises(StoreError, match=r"^Redis at db:1/0: Redis 6\.0\.16 is too old; 6\.2 or newer is needed$"):
        health.check("Redis at db:1/0", {"redis_version": "6.0.16"}, Kind.SINGLE)
    health.check("Redis at db:1/0", {"redis_version": "6.2.0", "role": "master"}, Kind.SINGLE)


async def test_the_form_of_the_address_must_fit_the_server(cluster: Cluster) -> None:
    with pytest.raises(StoreError, match=r"begins with redis\+cluster://"):
        await _warnings(cluster.nodes[0].url)
    with RedisServer() as server, pytest.raises(StoreError, match="cluster"):
        await _warnings(server.url.replace("redis:", "redis+cluster:").removesuffix("/0"))


async def test_a_database_of_a_newer_version_is_left_alone() -> None:
    with RedisServer() as server:
        server.command("HSET", "parlour:meta", "schema", "99")
        with pytest.raises(StoreTooNew):
            await _warnings(server.url)


async def test_a_database_of_an_older_version_is_no_longer_opened_by_that() -> None:
    with RedisServer() as server:
        server.command("HSET", "parlour:meta", "schema", "1", "partitions", "1")
        await _warnings(server.url)
        assert server.command("HGET", "parlour:meta", "schema").split()[-1] == str(health.SCHEMA)


async def test_the_number_of_partitions_stays_what_it_was_when_the_database_was_new() -> None:
    with RedisServer() as server:
        server.command("HSET", "parlour:meta", "partitions", "8")
        async with open_redis(server.url, ManualClock(), PLAIN) as store:
            await _talk(store)
        tags = {key.split("}")[0] for key in await _keys(server) if "{" in key}
        assert 1 < len(tags) <= 8
        server.command("HSET", "parlour:meta", "partitions", "0")
        with pytest.raises(StoreError, match="0 partitions"):
            await _warnings(server.url)


async def test_a_full_server_takes_no_more_messages_but_those_it_took_are_answered() -> None:
    with RedisServer(("maxmemory", "8mb")) as server:
        async with open_redis(server.url, ManualClock(), PLAIN) as store:
            await store.put(asked("1"))
            await store.put(asked("2", conversation=OTHER))
            running = await claimed(store)
            accepted = await _fill(store)
            assert accepted < 100
            for turn in (running, await claimed(store)):
                await store.renew(turn, LEASE)
                await store.remember(turn, Ref(f"t:{turn.id}"))
                await store.commit(turn, await exchange(store, turn))
                await store.finish(turn, Outcome.ANSWERED)


async def test_a_full_server_says_so_when_it_is_asked() -> None:
    with RedisServer() as server:
        async with open_redis(server.url, ManualClock(), PLAIN) as store:
            server.command("CONFIG", "SET", "maxmemory", "1")
            with pytest.raises(StoreFull):
                await store.probe()
            server.command("CONFIG", "SET", "maxmemory", "0")
            await store.probe()


async def _fill(store: Store) -> int:
    """How many messages of half a megabyte fit."""
    for number in range(100):
        try:
            await store.put(asked(f"big{number}", "x" * 500_000, conversation=f"c:{number}"))
        except StoreFull:
            return number
    return 100


@pytest.fixture
def cluster() -> Cluster:  # type: ignore[misc]  # a generator fixture
    with redis_nodes(durable=False) as cluster:
        yield cluster


async def _keys(server: RedisServer) -> dict[str, int]:
    """Every key and its time to live in seconds, -1 without one."""
    async with Redis(port=server.port, decode_responses=True) as client:
        return {key: await client.ttl(key) async for key in client.scan_iter()}


async def _talk(store: Store) -> None:
    """One of everything, with nothing left waiting."""
    for number in range(5):
        chat = f"terminal:{number}"
        await answered(store, asked(f"{number}", conversation=chat, ref=Ref(f"t:{number}")), shown=(f"u:{number}",))
    await store.put(asked("w1", ref=Ref("w:1"), group="paste"))
    await store.put(asked("w2", ref=Ref("w:2"), group="paste"))
    await store.finish(await claimed(store), Outcome.FAILED)
    await store.put(asked("x", conversation=OTHER, ref=Ref("t:x")))
    await store.withdraw(OTHER, Ref("t:x"))
    await store.put(asked("p"))
    await store.postpone(await claimed(store), 0.0, spent=True)
    await store.set_aside(await claimed(store), "broken")
    await store.drop((await store.aside())[0].turn)


FOR_EVER = {"clock", "meta", "facts", "seq", "token", "ended", "conversations", "a", "v", "w"}
"""Keys without an expiry when nothing waits: three for the database, four small ones in each partition, of which the
last two are emptied by `sweep`, as are those that say who has words where."""
KEPT = {"c", "m", "k", "r", "s", "u"}
"""Kinds that make up a conversation's history, which is kept for ever unless `history.ttl` says otherwise."""


def _kind(key: str) -> str:
    words = key.split(":")
    return words[2] if words[1].startswith("{") else words[1]


@pytest.mark.parametrize(("ttl", "lasting"), [(None, FOR_EVER | KEPT), (3600.0, FOR_EVER)])
async def test_what_is_over_leaves_no_key_without_an_expiry(ttl: float | None, lasting: set[str]) -> None:
    with RedisServer() as server:
        async with open_redis(server.url, ManualClock(), StoreOptions(history_ttl=ttl)) as store:
            await _talk(store)
        keys = await _keys(server)
    assert {_kind(key) for key, left in keys.items() if left < 0} <= lasting
    assert {_kind(key) for key, left in keys.items() if left >= 0} <= {"t", "f", "x"} | (KEPT - lasting)
    assert all(left <= 7 * 86_400 for left in keys.values())


async def test_a_conversation_that_goes_on_is_kept_when_expiry_is_turned_off() -> None:
    with RedisServer() as server:
        async with open_redis(server.url, ManualClock(), StoreOptions(history_ttl=3600.0)) as store:
            await answered(store, asked("1"))
        async with open_redis(server.url, ManualClock(), PLAIN) as store:
            await answered(store, asked("2"))
        keys = await _keys(server)
    assert all(left < 0 for key, left in keys.items() if _kind(key) in KEPT)


async def test_two_processes_never_claim_the_same_turn() -> None:
    """200 turns of 40 conversations, claimed by two clients as fast as they can."""
    clock = ManualClock()
    with RedisServer() as server:
        async with open_redis(server.url, clock, PLAIN) as one, open_redis(server.url, clock, PLAIN) as other:
            for number in range(200):
                await one.put(asked(f"{number}", conversation=f"c:{number % 40}"))
            seen: list[str] = []

            async def work(store: Store) -> None:
                while turn := await store.claim([LANE], LEASE):
                    seen.append(turn.id)
                    await store.finish(turn, Outcome.ANSWERED)

            await asyncio.gather(*(work(store) for store in (one, other) * 4))
            seen += [turn.id for turn in [await one.claim([LANE], LEASE)] if turn]
    assert Counter(seen).most_common(1)[0][1] == 1
    for conversation in range(40):
        mine = [int(turn) for turn in seen if int(turn) % 40 == conversation]
        assert mine == sorted(mine)
    assert len(seen) == 200


async def test_a_partition_that_moves_to_another_node_moves_as_a_whole(cluster: Cluster) -> None:
    """While its slot is on the way its keys lie on two nodes: better to wait than to answer from half of them."""
    async with open_redis(cluster.url, ManualClock(), PLAIN) as store:
        await store.put(asked("1", "first"))
        turn = await claimed(store)
        await store.commit(turn, await exchange(store, turn, "kept"))
        await store.finish(turn, Outcome.ANSWERED)
        source, target = await _migration(cluster)
        slot = str(await _slot_of_chat(cluster))
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", await _id(source))
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", await _id(target))
        with pytest.raises(StoreUnavailable):
            await store.put(asked("2"))
        await _move_keys(source, target, slot)
        for node in (target, source, *cluster.nodes):
            node.command("CLUSTER", "SETSLOT", slot, "NODE", await _id(target))
        assert await store.put(asked("2"))
        assert not await store.put(asked("1"))
        assert await branch(store) == ["first", "kept"]


async def test_a_cluster_without_replicas_confirms_nothing(cluster: Cluster) -> None:
    async with open_redis(cluster.url, ManualClock(), StoreOptions(replicas=1, replica_wait=0.05)) as store:
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
            await store.put(asked("1"))


async def _slot_of_chat(cluster: Cluster) -> int:
    for node in cluster.nodes:
        for key in await _keys(node):
            if key.endswith(f":m:{CHAT}"):
                return key_slot(key.encode())
    raise AssertionError("the conversation is nowhere")


async def _migration(cluster: Cluster) -> tuple[RedisServer, RedisServer]:
    """The node that has the conversation, and another one."""
    holders = [node for node in cluster.nodes if any(key.endswith(f":m:{CHAT}") for key in await _keys(node))]
    return holders[0], next(node for node in cluster.nodes if node is not holders[0])


async def _id(node: RedisServer) -> str:
    return node.command("CLUSTER", "MYID").split("\r\n")[1]


async def _move_keys(source: RedisServer, target: RedisServer, slot: str) -> None:
    async with Redis(port=source.port, decode_responses=True) as client:
        keys = await client.cluster("GETKEYSINSLOT", slot, "1000")
    source.command("MIGRATE", "127.0.0.1", str(target.port), "", "0", "5000", "KEYS", *keys)

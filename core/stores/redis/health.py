"""What a server must be to be used at all, and what it should be to keep what it accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import StoreError, StoreReadOnly, StoreTooNew
from core.stores.redis.address import Kind
from core.stores.redis.database import INDEXED, META
from core.stores.redis.link import Link
from core.stores.redis.problems import store_error
from core.stores.redis.wake import CHANNEL

OLDEST = (6, 2)
"""The first version with every command that the scripts use."""
SCHEMA = 2
"""Counts up when keys change so that an older version could not read them, or would leave out what this one relies on: 2
notes with each message who has words in which conversation."""
PARTITIONS = {Kind.SINGLE: 1, Kind.SENTINEL: 1, Kind.CLUSTER: 16}
"""For a new database. One server gains nothing from more; a cluster spreads these over its nodes."""
_MOST_PARTITIONS = 1024
MUTE = "this user may not publish and subscribe: pages hear no answers, and /stop comes late (ACL: &parlour:* +@pubsub)"


async def prepare(link: Link, kind: Kind) -> int:
    """As `examine`, and makes what is not there a store of this version."""
    await _check_servers(link, kind)
    if await link.execute("HSETNX", META, "schema", str(SCHEMA)):
        await link.execute("HSET", META, INDEXED, "1")
    await link.execute("HSETNX", META, "partitions", str(PARTITIONS[kind]))
    meta = await link.execute("HGETALL", META)
    partitions = _partitions(link, meta)
    if int(meta["schema"]) < SCHEMA:
        await link.execute("HSET", META, "schema", str(SCHEMA))
    return partitions


async def examine(link: Link, kind: Kind) -> int:
    """The database's number of partitions, fixed when it was new. Raises StoreError if it cannot be used."""
    await _check_servers(link, kind)
    meta = await link.execute("HGETALL", META)
    if not meta:
        raise StoreError(f"{link.place}: there is no store of Parlour.")
    return _partitions(link, meta)


def _partitions(link: Link, meta: Mapping[str, str]) -> int:
    if int(meta["schema"]) > SCHEMA:
        raise StoreTooNew(f"{link.place}: written by a newer version of Parlour")
    partitions = int(meta["partitions"])
    if not 0 < partitions <= _MOST_PARTITIONS:
        raise StoreError(f"{link.place}: {META} says {partitions} partitions, which cannot be")
    return partitions


async def _check_servers(link: Link, kind: Kind) -> None:
    for place, facts in (await _told(link, "INFO")).items():
        check(place, facts, kind)
    await _told(link, "EVAL", "return 1", "0")  # a user who may run no scripts could take nothing, and be told nothing


async def _told(link: Link, *command: str) -> dict[str, Any]:
    """What every primary answers. Raises StoreError where one does not."""
    answers = await link.on_primaries(*command)
    for place, answer in answers.items():
        if isinstance(answer, Exception):
            raise store_error(answer, place)
    return answers


def check(place: str, facts: Mapping[str, Any], kind: Kind) -> None:
    """*facts*: what INFO says. Raises StoreError if the server cannot be the store."""
    version = str(facts.get("redis_version", "0"))
    if tuple(int(number) for number in version.split(".")[:2]) < OLDEST:
        raise StoreError(f"{place}: Redis {version} is too old; {'.'.join(map(str, OLDEST))} or newer is needed")
    if kind is Kind.SINGLE and facts.get("role") == "slave":
        raise StoreReadOnly(f"{place}: this server is a read-only replica; give the address of its primary")
    if (kind is Kind.CLUSTER) is not bool(facts.get("cluster_enabled")):
        needed = "redis://" if kind is Kind.CLUSTER else "redis+cluster://"
        raise StoreError(f"{place}: this server needs an address that begins with {needed}")


async def warnings(link: Link, replicas: int) -> tuple[str, ...]:
    """One line for each way in which the server could lose what it accepted, and for what it keeps from us. Raises
    StoreError if it is away."""
    facts = await _told(link, "INFO")
    settings = await link.on_primaries("CONFIG GET", "*")
    heard = await link.on_primaries("PUBLISH", CHANNEL, "")
    lines: list[str] = []
    for place, known in facts.items():
        hidden = isinstance(settings.get(place), Exception | None)
        given = {} if hidden else settings[place]
        mute = [MUTE] if isinstance(heard.get(place), Exception) else []
        lines += [f"{place}: {line}" for line in (*_dangers(known, given, replicas), *mute)]
    return tuple(lines)


def _dangers(facts: Mapping[str, Any], settings: Mapping[str, str], replicas: int) -> list[str]:
    lines = []
    if not facts.get("aof_enabled"):
        lines.append("without an append-only file a crash loses accepted messages (set appendonly yes)")
    elif not settings:
        lines.append("this server does not tell how often it writes to disk (appendfsync should be everysec or always)")
    elif settings.get("appendfsync") == "no":
        lines.append("it leaves writing to disk to the system (set appendfsync everysec or always)")
    policy = facts.get("maxmemory_policy") or settings.get("maxmemory-policy")
    if policy is None:
        lines.append(
            "this server does not tell what it does when memory is full (maxmemory-policy should be noeviction)"
        )
    elif policy != "noeviction":
        lines.append(f"with maxmemory-policy {policy} it deletes messages when memory is full (set noeviction)")
    if (connected := int(facts.get("connected_slaves", 0))) < replicas:
        lines.append(f"{replicas} replicas are to confirm each message, but {connected} are connected")
    return lines

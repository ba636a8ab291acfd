"""The connections: to one server, to the primary that sentinels name, to a cluster. redis-py repeats nothing by itself:
what was sent and not answered may have happened, and only the caller knows whether to send it again."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from redis import exceptions as foreign
from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from core.errors import StoreUnavailable
from core.stores.options import StoreOptions
from core.stores.redis.address import Address, Kind
from core.stores.redis.problems import FOREIGN, NOT_RUN, store_error, translated
from core.stores.redis.scripts import Call

CONNECT = 3.0
"""Seconds to wait for a connection."""
ANSWER = 5.0
"""Seconds to wait for an answer; scripts take microseconds, so whoever needs longer is away."""
CONNECTIONS = 48
"""Commands under way at once: more gain nothing, since a server runs one script at a time."""

Command = Sequence[bytes | str | int]


class Link(ABC):
    """Runs scripts. Every error is a StoreError; *place* names the server in its message."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._free = asyncio.Semaphore(CONNECTIONS)

    async def run(self, call: Call) -> Any:
        with translated(self.place):
            try:
                return await self._execute(call.by_digest())
            except foreign.NoScriptError:
                return await self._execute(call.in_full())

    async def run_all(self, calls: Sequence[Call]) -> list[Any]:
        """All in one round trip (to each node); raises the first error when all are done."""
        with translated(self.place):
            results = await self._pipeline([call.by_digest() for call in calls])
        return [
            await self.run(call) if isinstance(result, foreign.NoScriptError) else self._good(result)
            for call, result in zip(calls, results, strict=True)
        ]

    async def run_kept(self, call: Call, replicas: int, wait: float) -> Any:
        """Runs a script that writes; returns when that many replicas have it. Raises StoreUnavailable when they do not
        have it after *wait* seconds, though the primary has it."""
        result, held = await self._pair(call.by_digest(), call, replicas, wait)
        if isinstance(result, NOT_RUN):
            result, held = await self._pair(call.in_full(), call, replicas, wait)
        result = self._good(result)
        if self._good(held) < replicas:
            raise StoreUnavailable(f"{self.place}: {held} of {replicas} replicas confirmed the write")
        return result

    async def _pair(self, command: Command, call: Call, replicas: int, wait: float) -> tuple[Any, Any]:
        # WAIT speaks of its own connection's last write, so both go over one connection.
        with translated(self.place):
            result, held = await self._pipeline([command, ("WAIT", replicas, int(wait * 1000))], call.partition)
        return result, held

    def _good(self, result: Any) -> Any:
        if isinstance(result, FOREIGN):
            raise store_error(result, self.place) from result
        return result

    async def execute(self, *command: str) -> Any:
        """A command with one key, or none on a single server."""
        with translated(self.place):
            return await self._execute(command)

    @abstractmethod
    async def on_primaries(self, *command: str) -> dict[str, Any]:
        """One command on every primary: its result, or the error itself, by the server's address."""

    @abstractmethod
    def listener(self) -> PubSub:
        """A subscription over a connection of its own."""

    @abstractmethod
    async def aclose(self) -> None: ...

    @abstractmethod
    async def _execute(self, command: Command) -> Any: ...

    @abstractmethod
    async def _pipeline(self, commands: Sequence[Command], together: str | None = None) -> list[Any]:
        """Results and errors in order. *together*: all over the one connection that leads to this key, unredirected."""


class ServerLink(Link):
    """One server, or whichever one the sentinels call the primary."""

    def __init__(self, place: str, client: Redis, sentinel: Sentinel | None = None) -> None:
        super().__init__(place)
        self._client = client
        self._sentinel = sentinel

    async def on_primaries(self, *command: str) -> dict[str, Any]:
        with translated(self.place):
            try:
                return {self.place: await self._execute(command)}
            except foreign.ResponseError as problem:
                return {self.place: problem}

    def listener(self) -> PubSub:
        return self._client.pubsub()

    async def aclose(self) -> None:
        await self._client.aclose()
        if self._sentinel is not None:
            await self._sentinel.aclose()

    async def _execute(self, command: Command) -> Any:
        async with self._free:
            try:
                return await self._client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py has no types here
            except foreign.ReadOnlyError:
                await self._leave_old_primary()
                raise

    async def _pipeline(self, commands: Sequence[Command], together: str | None = None) -> list[Any]:  # noqa: ARG002  # a single server is always together
        async with self._free, self._client.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            results: list[Any] = await pipeline.execute(raise_on_error=False)
        if any(isinstance(result, foreign.ReadOnlyError) for result in results):
            await self._leave_old_primary()
        return results

    async def _leave_old_primary(self) -> None:
        """The name may lead to another server by now; a connection that stays open would never find out."""
        await self._client.connection_pool.disconnect(inuse_connections=False)


class ClusterLink(Link):
    def __init__(self, place: str, client: RedisCluster) -> None:
        super().__init__(place)
        self._client = client

    async def on_primaries(self, *command: str) -> dict[str, Any]:
        with translated(self.place):
            await self._client.initialize()
            return {node.name: await self._on(node, command) for node in self._client.get_primaries()}

    async def _on(self, node: ClusterNode, command: Command) -> Any:
        try:
            return await self._client.execute_command(*command, target_nodes=node)
        except foreign.ResponseError as problem:
            return problem

    def listener(self) -> PubSub:
        return self._client.pubsub()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _execute(self, command: Command) -> Any:
        async with self._free:
            return await self._client.execute_command(*command)

    async def _pipeline(self, commands: Sequence[Command], together: str | None = None) -> list[Any]:
        async with self._free:
            await self._client.initialize()
            pipeline = self._client.pipeline()
            target = {"target_nodes": self._client.get_node_from_key(together)} if together else {}
            for command in commands:
                pipeline.execute_command(*command, **target)
            results: list[Any] = await pipeline.execute(raise_on_error=False, allow_redirections=not together)
        if any(isinstance(result, (foreign.ConnectionError, foreign.TimeoutError, *NOT_RUN[1:])) for result in results):
            # redis-py looks for the new layout only after single commands; closing makes it look at the next one.
            await self._client.aclose()
        return results


def open_link(address: Address, options: StoreOptions) -> Link:
    """Connects at the first command, not here."""
    settings: dict[str, Any] = {
        "decode_responses": True,
        "protocol": 2,
        "socket_connect_timeout": CONNECT,
        "socket_timeout": max(ANSWER, options.replica_wait + CONNECT),
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        **address.options,
    }
    if address.kind is Kind.CLUSTER:
        return ClusterLink(address.description, _cluster(address, settings))
    settings["max_connections"] = CONNECTIONS + 2  # the subscription, and one that is being replaced
    if address.kind is Kind.SENTINEL:
        secure = {"ssl": True} if address.secure else {}
        sentinel_settings = {"socket_connect_timeout": CONNECT, "socket_timeout": CONNECT, "retry": settings["retry"]}
        sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py has no types here
            address.hosts, sentinel_kwargs=sentinel_settings | secure | dict(address.sentinel_options), **settings
        )
        return ServerLink(address.description, sentinel.master_for(address.service), sentinel)
    host, port = address.hosts[0]
    return ServerLink(address.description, Redis(host=host, port=port, **settings))


def _cluster(address: Address, settings: dict[str, Any]) -> RedisCluster:
    nodes = [ClusterNode(host, port) for host, port in address.hosts]
    return RedisCluster(startup_nodes=nodes, max_connections=CONNECTIONS + 2, **settings)

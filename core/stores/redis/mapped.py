"""The way to servers of which others tell who is the primary: a cluster, or what sentinels watch.

There is a client for each primary and a map of which one has which keys; after an error it is drawn anew. A redirection
is followed only when a slot has moved (MOVED). While it is on its way (ASK) its keys lie on both nodes, so a script that
runs on either would see half a conversation: the store is away for that moment instead.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from redis import exceptions as foreign
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.crc import key_slot

from core.stores.redis.link import Command, Link, answer_of, send, send_all
from core.stores.redis.problems import FOREIGN, translated

Place = tuple[str, int]

_MAP_IS_OLD = (
    foreign.ConnectionError,
    foreign.TimeoutError,
    foreign.ClusterDownError,
    foreign.MovedError,
    foreign.ReadOnlyError,
    OSError,
)
"""Errors after which keys may be found elsewhere."""

Range = tuple[int, int, Place]
"""First and last slot, and the primary that has them."""
ALL_SLOTS = 16384


class MappedLink(Link):
    """seeds: whom to ask first. settings: what redis-py takes for each connection to a primary."""

    def __init__(self, place: str, seeds: Sequence[Place], settings: dict[str, Any]) -> None:
        super().__init__(place)
        self._seeds = list(seeds)
        self._settings = settings
        self._clients: dict[Place, Redis] = {}
        self._slots: list[Range] = []
        self._known = False
        self._discovering = asyncio.Lock()
        self._discoveries = 0
        self._failures = 0
        self._problem: Exception = foreign.ClusterDownError("no node answers")
        self._listeners = 0

    async def on_primaries(self, *command: str) -> dict[str, Any]:
        with translated(self.place):
            await self._know()
            return {_name(place): await answer_of(self._client(place), command) for place in self._primaries()}

    async def listener(self) -> PubSub:
        await self._know()
        # A cluster tells a message to all its nodes; each new try listens at another one.
        self._listeners += 1
        places = self._primaries()
        return self._client(places[self._listeners % len(places)]).pubsub()

    async def aclose(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients.values()))

    async def _execute(self, command: Command, key: str) -> Any:
        async with self._free:
            try:
                return await self._send(command, key)
            except foreign.MovedError:
                return await self._send(command, key)

    async def _send(self, command: Command, key: str) -> Any:
        await self._know()
        try:
            return await send(self._client(self._holder(key)), command)
        except _MAP_IS_OLD:
            self._known = False
            raise

    async def _pipeline(self, commands: Sequence[tuple[Command, str]]) -> list[Any]:
        async with self._free:
            await self._know()
            parts: dict[Place, list[int]] = {}
            for index, (_, key) in enumerate(commands):
                parts.setdefault(self._holder(key), []).append(index)
            sent = [self._send_part(place, [commands[index][0] for index in part]) for place, part in parts.items()]
            answers = await asyncio.gather(*sent)
        results: list[Any] = [None] * len(commands)
        for part, answer in zip(parts.values(), answers, strict=True):
            for index, result in zip(part, answer, strict=True):
                results[index] = result
        return results

    async def _send_part(self, place: Place, commands: Sequence[Command]) -> list[Any]:
        try:
            results = await send_all(self._client(place), commands)
        except FOREIGN as problem:
            results = [problem] * len(commands)
        if any(isinstance(result, _MAP_IS_OLD) for result in results):
            self._known = False
        return results

    def _client(self, place: Place) -> Redis:
        if place not in self._clients:
            self._clients[place] = Redis(host=place[0], port=place[1], **self._settings)
        return self._clients[place]

    def _primaries(self) -> list[Place]:
        return list(dict.fromkeys(place for _, _, place in self._slots))

    def _holder(self, key: str) -> Place:
        slot = key_slot(key.encode())
        for first, last, place in self._slots:
            if first <= slot <= last:
                return place
        self._known = False
        raise foreign.ClusterDownError(f"no node has slot {slot}")

    async def _know(self) -> None:
        failures = self._failures
        async with self._discovering:
            if self._known:
                return
            if self._failures > failures:  # who waited meanwhile does not find out the same, one after the other
                raise self._problem
            self._slots = await self._discover()
            self._known = True

    async def _discover(self) -> list[Range]:
        """Asks one after the other, beginning with another one each time: the first may know only what was. Raises what
        the last one answered."""
        advisers = list(self._advisers())
        first = self._discoveries % len(advisers)
        self._discoveries += 1
        for place in advisers[first:] + advisers[:first]:
            try:
                return await self._ask(place)
            except FOREIGN as refusal:
                self._problem = refusal
        self._failures += 1
        raise self._problem

    @abstractmethod
    def _advisers(self) -> Iterable[Place]: ...

    @abstractmethod
    async def _ask(self, adviser: Place) -> list[Range]: ...


class ClusterLink(MappedLink):
    def _advisers(self) -> Iterable[Place]:
        return dict.fromkeys([*self._primaries(), *self._seeds])

    async def _ask(self, adviser: Place) -> list[Range]:
        ranges = await send(self._client(adviser), ("CLUSTER SLOTS",))
        return [(first, last, _place(primary, adviser)) for first, last, primary, *_ in ranges]


class SentinelLink(MappedLink):
    """service: as the sentinels call it. asking: what redis-py takes for each connection to a sentinel."""

    def __init__(
        self, place: str, seeds: Sequence[Place], settings: dict[str, Any], service: str, asking: dict[str, Any]
    ) -> None:
        super().__init__(place, seeds, settings)
        self._service = service
        self._sentinels = {(host, port): Redis(host=host, port=port, **asking) for host, port in seeds}

    def _advisers(self) -> Iterable[Place]:
        return self._sentinels

    async def _ask(self, adviser: Place) -> list[Range]:
        primary = await send(self._sentinels[adviser], ("SENTINEL GET-MASTER-ADDR-BY-NAME", self._service))
        if primary is None:
            raise foreign.ClusterDownError(f"the sentinels know no service {self._service}")
        return [(0, ALL_SLOTS - 1, (primary[0], int(primary[1])))]

    async def aclose(self) -> None:
        await asyncio.gather(super().aclose(), *(client.aclose() for client in self._sentinels.values()))


def _place(node: Sequence[Any], asked: Place) -> Place:
    """Of a node as CLUSTER SLOTS gives it; one that does not know its own name leaves it empty."""
    return (node[0] or asked[0], int(node[1]))


def _name(place: Place) -> str:
    return f"Redis node {place[0]}:{place[1]}"

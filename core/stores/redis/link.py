"""The way to one server, and what every way has in common.

redis-py repeats nothing by itself: what was sent and not answered may have happened, and only the caller knows whether
to send it again."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from redis import exceptions as foreign
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from core.errors import StoreError, StoreUnavailable
from core.stores.redis.problems import FOREIGN, NOT_RUN, store_error, translated
from core.stores.redis.scripts import Call

CONNECTIONS = 48
"""Commands under way at once: more gain nothing, since a server runs one script at a time."""

Command = Sequence[bytes | str | int]
T = TypeVar("T")


class Link(ABC):
    """Runs scripts. Every error is a StoreError; *place* names the server in its message."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._free = asyncio.Semaphore(CONNECTIONS)

    async def run(self, call: Call) -> Any:
        with translated(self.place):
            try:
                return await self._execute(call.by_digest(), call.partition)
            except foreign.NoScriptError:
                return await self._execute(call.in_full(), call.partition)

    async def run_all(self, calls: Sequence[Call]) -> list[Any]:
        """All in one round trip (to each node); raises the first error when all are done."""
        outcomes = await self.outcomes(calls)
        for outcome in outcomes:
            if isinstance(outcome, StoreError):
                raise outcome
        return outcomes

    async def outcomes(self, calls: Sequence[Call]) -> list[Any]:
        """The same, but each one's StoreError stands in its place."""
        try:
            with translated(self.place):
                results = await self._pipeline([(call.by_digest(), call.partition) for call in calls])
        except StoreError as problem:
            return [problem] * len(calls)
        return [await self._outcome(call, result) for call, result in zip(calls, results, strict=True)]

    async def _outcome(self, call: Call, result: Any) -> Any:
        try:
            return await self.run(call) if isinstance(result, NOT_RUN) else self._good(result)
        except StoreError as problem:
            return problem

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
        waiting = ("WAIT", replicas, int(wait * 1000))
        with translated(self.place):
            result, held = await self._pipeline([(command, call.partition), (waiting, call.partition)])
        return result, held

    def _good(self, result: Any) -> Any:
        if isinstance(result, FOREIGN):
            raise store_error(result, self.place) from result
        return result

    async def execute(self, name: str, key: str, *arguments: str) -> Any:
        """A command with one key."""
        with translated(self.place):
            return await self._execute((name, key, *arguments), key)

    @abstractmethod
    async def on_primaries(self, *command: str) -> dict[str, Any]:
        """One command on every primary: its result, or the refusal itself, by the server's address."""

    @abstractmethod
    async def listener(self) -> PubSub:
        """A subscription over a connection of its own."""

    @abstractmethod
    async def aclose(self) -> None: ...

    @abstractmethod
    async def _execute(self, command: Command, key: str) -> Any: ...

    @abstractmethod
    async def _pipeline(self, commands: Sequence[tuple[Command, str]]) -> list[Any]:
        """Commands and the keys that lead to their servers; results and errors in order. What belongs to one key goes
        over one connection."""


class ServerLink(Link):
    def __init__(self, place: str, client: Redis) -> None:
        super().__init__(place)
        self._client = client

    async def on_primaries(self, *command: str) -> dict[str, Any]:
        with translated(self.place):
            return {self.place: await answer_of(self._client, command)}

    async def listener(self) -> PubSub:
        return self._client.pubsub()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _execute(self, command: Command, key: str) -> Any:  # noqa: ARG002  # one server has all keys
        async with self._free:
            try:
                return await send(self._client, command)
            except foreign.ReadOnlyError:
                await self._leave_old_primary()
                raise

    async def _pipeline(self, commands: Sequence[tuple[Command, str]]) -> list[Any]:
        async with self._free:
            results = await send_all(self._client, [command for command, _ in commands])
        if any(isinstance(result, foreign.ReadOnlyError) for result in results):
            await self._leave_old_primary()
        return results

    async def _leave_old_primary(self) -> None:
        """The name may lead to another server by now; a connection that stays open would never find out."""
        await self._client.connection_pool.disconnect(inuse_connections=False)


async def send(client: Redis, command: Command) -> Any:
    return await heeding(client.execute_command(*command))  # type: ignore[no-untyped-call]  # redis-py has no types here


async def send_all(client: Redis, commands: Sequence[Command]) -> list[Any]:
    """Over one connection; results and errors in order."""
    async with client.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)
        results: list[Any] = await heeding(pipeline.execute(raise_on_error=False))
    return results


async def heeding(sending: Awaitable[T]) -> T:
    """What *sending* gives, unless this task is cancelled meanwhile. redis-py sends through `asyncio.wait_for`, which
    before Python 3.12 swallows a cancellation that comes as it ends; a worker that missed one would never leave."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await sending
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


async def answer_of(client: Redis, command: Command) -> Any:
    """The server's answer, or its refusal."""
    try:
        return await send(client, command)
    except foreign.ResponseError as problem:
        return problem

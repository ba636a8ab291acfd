"""Requests that carry an `Idempotency-Key`: however often they come, they are answered once, and all get that answer.

As in draft-ietf-httpapi-idempotency-key-header: another request under a known key is refused (422). One that comes while
the first is still being answered waits for it. What failed is not kept: whoever repeats that is served anew. The first
answer is written to its end also when its client is gone, since the key says that it will come back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

import structlog

from bots.web.api.outlet import Outlet, Work
from bots.web.api.problems import Refusal
from core.domain_sharing import ReceiptState
from core.errors import LeaseLost, StoreError
from core.ports import Clock
from core.ports_sharing import Receipts
from core.tasks import cancelled

log = structlog.get_logger(__name__)

LEASE = 10.0
"""Seconds after which a request is served anew whose server died over it."""
POLL = 0.25
"""Seconds between two looks whether the first one has been answered."""
LONGEST_KEY = 255
"""Characters. Source: Stripe API reference, "Idempotent requests"."""


class Background:
    """Answers that are written for clients who may come back."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def finish(self, work: Callable[[Recorder], Coroutine[Any, Any, None]], outlet: Recorder) -> None:
        """Raises what *work* does. When the caller is cancelled, the work goes on without it."""
        task = asyncio.create_task(work(outlet), name="API answer to be kept")
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        try:
            await asyncio.shield(task)
        finally:
            outlet.heard = task.done()

    async def close(self) -> None:
        await cancelled(*self._tasks)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) and not isinstance(problem, Refusal):
            log.error("api.not_kept", error=repr(problem))


class Recorder:
    """`Outlet` that remembers what goes through it to the *client*. heard: somebody still takes it."""

    def __init__(self, client: Outlet) -> None:
        self.heard = True
        self._client = client
        self._streamed = False
        self._data = bytearray()

    @property
    def recorded(self) -> str:
        return json.dumps({"streamed": self._streamed, "body": self._data.decode()})

    async def whole(self, body: bytes) -> None:
        self._data += body
        if self.heard:
            await self._client.whole(body)

    async def piece(self, data: bytes) -> None:
        self._streamed = True
        self._data += data
        if self.heard:
            await self._client.piece(data)

    async def end(self, data: bytes) -> None:
        self._data += data
        if self.heard:
            await self._client.end(data)


@dataclass(frozen=True, slots=True)
class Repeating:
    """Does *work* once for all requests of one key. key: the client's name is part of it. digest: of what is asked.
    joins: doing it again is no harm, and gives what is there already."""

    receipts: Receipts
    clock: Clock
    background: Background
    key: str
    digest: str
    work: Work
    joins: bool

    async def __call__(self, outlet: Outlet) -> None:
        while True:
            receipt = await self.receipts.open_receipt(self.key, self.digest, LEASE)
            if receipt.state is ReceiptState.FRESH:
                return await self.background.finish(partial(self._first, receipt.token), Recorder(outlet))
            if receipt.state is ReceiptState.DONE:
                return await _replay(receipt.body, outlet)
            if receipt.state is ReceiptState.MISMATCH:
                said = "Keys for idempotent requests can only be used with the same request they were first used with."
                raise Refusal(422, said, "idempotency_key_reused")
            if self.joins:
                return await self.work(outlet)
            await self.clock.sleep(POLL)

    async def _first(self, token: int, outlet: Recorder) -> None:
        answered = None
        try:
            async with self._held(token):
                await self.work(outlet)
            answered = outlet.recorded
        finally:
            with suppress(LeaseLost):  # whoever has it by now answers the next ones
                await self.receipts.close_receipt(self.key, token, answered)

    @asynccontextmanager
    async def _held(self, token: int) -> AsyncIterator[None]:
        renewing = asyncio.create_task(self._renew(token), name="API receipt")
        try:
            yield
        finally:
            await cancelled(renewing)

    async def _renew(self, token: int) -> None:
        while True:
            await self.clock.sleep(LEASE / 3)
            with suppress(LeaseLost, StoreError):
                await self.receipts.renew_receipt(self.key, token, LEASE)


def digest_of(*said: bytes) -> str:
    return sha256(b"\0".join(said)).hexdigest()


async def _replay(recorded: str, outlet: Outlet) -> None:
    kept = json.loads(recorded)
    await (outlet.end if kept["streamed"] else outlet.whole)(kept["body"].encode())

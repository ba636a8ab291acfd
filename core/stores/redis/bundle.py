"""Many small steps in one round trip."""

from __future__ import annotations

import asyncio
from typing import Any

from core.errors import StoreError
from core.stores.redis.link import Link
from core.stores.redis.scripts import Call

_Waiting = list[tuple[Call, asyncio.Future[Any]]]


class Bundle:
    """Sends together what is asked for within one turn of the event loop: the more there is to do, the more that is, and
    nothing waits for an earlier round trip. Close it before its link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: _Waiting = []
        self._sending: set[asyncio.Task[None]] = set()

    def run(self, call: Call) -> asyncio.Future[Any]:
        """The result, or StoreError. Cancelling it does not keep the step from being made."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)
        self._waiting.append((call, future))
        return future

    async def aclose(self) -> None:
        """Returns when all that was asked for is done."""
        while self._waiting or self._sending:
            self._send()
            await asyncio.gather(*self._sending)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        task = asyncio.create_task(self._run(waiting), name="redis bundle")
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _run(self, waiting: _Waiting) -> None:
        results = await self._link.outcomes([call for call, _ in waiting])
        for (_, future), result in zip(waiting, results, strict=True):
            if future.done():
                continue  # nobody wants to know any more
            if isinstance(result, StoreError):
                future.set_exception(result)
            else:
                future.set_result(result)

"""The end of the server, as those hear of it who are connected: their next request goes elsewhere, and the page's open
streams end, so that they are opened there."""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Send

from core.ports import Clock
from core.watching import Vitals

GAP = 1.0
"""Seconds from the closing of the connections that wait for a request until the streams end: a page that comes again at once
must not do so over one of those."""


class Leaving:
    """*vitals*: know that it was told to end, some time before it does."""

    def __init__(self, vitals: Vitals, clock: Clock) -> None:
        self._vitals = vitals
        self._clock = clock
        self._has_left = False
        self._waiting: set[asyncio.Future[None]] = set()

    async def leave(self) -> None:
        await self._clock.sleep(GAP)
        self._has_left = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    def said(self, send: Send) -> Send:
        """*send*, which closes the connection after an answer that begins when this process was told to end."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and self._vitals.draining:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        return sending

    def heard(self, receive: Receive) -> Receive:
        """*receive*, which says that the browser is gone as soon as the server is to go."""

        async def receiving() -> Message:
            return {"type": "http.disconnect"} if self._has_left else await self._whichever_comes(receive)

        return receiving

    async def _whichever_comes(self, receive: Receive) -> Message:
        left = asyncio.get_running_loop().create_future()
        self._waiting.add(left)
        receiving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({left, receiving}, return_when=asyncio.FIRST_COMPLETED)
            return receiving.result() if receiving.done() else {"type": "http.disconnect"}
        finally:
            self._waiting.discard(left)
            receiving.cancel()

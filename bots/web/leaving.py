"""The end of the server, as those hear of it who are connected: their next request goes elsewhere, and the page's open
streams end at once, so that they are opened there."""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Send

from core.watching import Vitals


class Leaving:
    """*vitals*: know that it was told to end, some time before it does."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
        self._has_left = False
        self._waiting: set[asyncio.Future[None]] = set()

    def leave(self) -> None:
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

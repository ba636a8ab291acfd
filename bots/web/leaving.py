"""The end of the server, as the page's open streams hear of it: at once, so that they are opened elsewhere."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive


class Leaving:
    def __init__(self) -> None:
        self._has_left = False
        self._waiting: set[asyncio.Future[None]] = set()

    def leave(self) -> None:
        self._has_left = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

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

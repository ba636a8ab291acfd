"""How an answer leaves: at once or in pieces, for as long as there is somebody to take it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Protocol

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bots.web.api.chunks import DONE, event
from bots.web.api.problems import Refusal, refusal_at
from core.errors import StoreError
from core.limits.repeats import Repeats
from core.tasks import cancelled

log = structlog.get_logger(__name__)

_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""The last one keeps nginx from collecting what is meant to be seen at once."""
_WHOLE = {"Content-Type": "application/json"}


class Outlet(Protocol):
    """One answer's way to its client."""

    async def whole(self, body: bytes) -> None:
        """All of it, as JSON."""

    async def piece(self, data: bytes) -> None:
        """Events of a streamed one; its head goes out with the first of them."""

    async def end(self, data: bytes) -> None:
        """Its last events."""


class Wire:
    """`Outlet` to the client itself. begun: it has the answer's head, so that what goes wrong now can only be told within
    the answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def whole(self, body: bytes) -> None:
        await self._head(_WHOLE | {"Content-Length": str(len(body))})
        await self._body(body, more=False)

    async def piece(self, data: bytes) -> None:
        if not self.begun:
            await self._head(_STREAM)
        if data:
            await self._body(data, more=True)

    async def end(self, data: bytes) -> None:
        await self.piece(data)
        await self._body(b"", more=False)

    async def _head(self, headers: dict[str, str]) -> None:
        self.begun = True
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": raw})

    async def _body(self, data: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})


Work = Callable[[Outlet], Coroutine[Any, Any, None]]
"""Answers through the outlet. Raises Refusal."""


class Answer(Response):
    """A response that *work* writes, until it is done or the client hangs up. Where the server ends before that, the
    client is told so. outage: what all answers know of the store's."""

    def __init__(self, work: Work, outage: Repeats) -> None:
        super().__init__()
        self._work = work
        self._outage = outage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire = Wire(send)
        try:
            await _while_heard(receive, _told(self._work(wire), self._outage))
        except Refusal as refusal:
            if not wire.begun:
                return await refusal.response()(scope, receive, send)
            await wire.end(event(refusal.body) + DONE)


async def _told(work: Coroutine[Any, Any, None], outage: Repeats) -> None:
    """*work*, where a store that is away is a refusal."""
    try:
        await work
    except StoreError as problem:
        outage.warn(log, "api.store_away", detail=str(problem))
        raise refusal_at(HTTPStatus.SERVICE_UNAVAILABLE) from problem
    outage.over()


async def _while_heard(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    working = asyncio.create_task(work, name="API answer")
    leaving = asyncio.create_task(_hung_up(receive), name="API client")
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError as ended:  # by the server, which has been told to end and waits no longer
        raise refusal_at(HTTPStatus.SERVICE_UNAVAILABLE) from ended
    finally:
        await cancelled(working, leaving)
    if not working.cancelled():
        working.result()


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""What happens in a visitor's conversations, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bots.web import render
from bots.web.front import Front, Routes
from bots.web.places import seat_of
from bots.web.streams import Streams
from bots.web.translate import Seat
from core.domain_sharing import FeedEvent
from core.errors import FeedGap, StoreError
from core.limits.repeats import Repeats
from core.ports import Clock
from core.ports_sharing import Feeds, Following
from core.tasks import cancelled

log = structlog.get_logger(__name__)

HEARTBEAT = 15.0
"""Seconds of silence after which something is sent: proxies hang up on what is silent for a minute, and browsers do not
notice a lost connection."""
HEAD = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect what is to be seen at once
    (b"connection", b"close"),  # it ends with the server, or the store: nobody is to ask for more over it then
]
BEAT = b":\n\n"
RELOAD = render.encoded("reload")
"""Something was missed: the page reads everything anew."""


def routes(front: Front) -> Routes:
    means = Means(front.desk.store, front.desk.clock, front.streams)

    async def events(request: Request) -> Response:
        seen = request.headers.get("last-event-id", request.query_params.get("after"))
        return EventStream(means, seat_of(request), seen)

    return [Route("/api/events", events)]


@dataclass(frozen=True, slots=True)
class Means:
    """What a stream works with. outage: what all of them know of it."""

    feeds: Feeds
    clock: Clock
    streams: Streams
    outage: Repeats = field(default_factory=Repeats)


class EventStream(Response):
    """after: the last event that the page has seen; "" for all that is kept, None for those to come."""

    def __init__(self, means: Means, seat: Seat, after: str | None) -> None:
        self._feeds, self._clock, self._streams = means.feeds, means.clock, means.streams
        self._outage = means.outage
        self._seat = seat
        self._after = after
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's shape
        """Returns when the page has left, or has to come again."""
        with self._streams.entered(self._seat.visitor):
            await send({"type": "http.response.start", "status": 200, "headers": HEAD})
            works = (self._pour(send), _left(receive))
            tasks = [asyncio.create_task(work, name=f"events {self._seat.visitor}") for work in works]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await cancelled(*tasks)
            await send({"type": "http.response.body", "body": b""})

    async def _pour(self, send: Send) -> None:
        """Ends while the store is away: the page comes again."""
        greeting, after = BEAT, self._after
        while True:
            try:
                async with self._feeds.follow(self._seat.feed, after) as following:
                    self._outage.over()
                    await _say(send, greeting)
                    await self._pass_on(send, following)
            except FeedGap:
                after = await self._feeds.newest(self._seat.feed)
                greeting = framed([FeedEvent(after, RELOAD)])
            except StoreError as problem:
                self._outage.warn(log, "page.events_ended", detail=str(problem))
                return

    async def _pass_on(self, send: Send, following: Following) -> None:
        """Raises FeedGap and StoreError."""
        while True:
            try:
                async with self._clock.watchdog(HEARTBEAT):
                    events = await following.next()
            except TimeoutError:
                await _say(send, BEAT)
            else:
                await _say(send, framed(events))


async def _left(receive: Receive) -> None:
    """Returns when the page has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


def framed(events: Iterable[FeedEvent]) -> bytes:
    """Their data is JSON on one line."""
    return "".join(f"id: {event.id}\ndata: {event.data}\n\n" for event in events).encode()

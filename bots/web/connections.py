"""How many connections there may be, and how long each may keep us waiting.

uvicorn waits for ever for the rest of a request's head or body, and for a reader who does not read. Its protocol for one
connection is therefore wrapped in a `Guard`, which knows what the connection waits for and since when.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, cast

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bots.web.proxies import Network, home_of, is_within
from core.ports import Clock
from core.watching import Watch

log = structlog.get_logger(__name__)

LARGEST_HEAD = 32_768
"""Bytes of a request's head. Browsers send a few kilobytes; cookies may add up to 4 kB each (RFC 6265, section 6.1)."""
SMALL_BODY = 65_536
"""Bytes of a body that is read to its end also where nobody wants it."""
LOOK = 1.0
"""Seconds between two looks for connections that keep us waiting too long."""
LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"


class Phase(Enum):
    """What a connection waits for."""

    REQUEST = auto()
    """Nothing was sent since the last answer."""
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    """We are at it."""
    REST = auto()
    """An answer is given though the body is still on its way."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """most: connections in all. each: from one address, or one network of IPv6. In seconds: head, body: for either of
    them to arrive. rest: for what is still sent of a body that nobody wants, so that its sender reads why. reading: for
    a reader to take what it asked for. idle: for the next request."""

    most: int
    each: int = 256
    head: float = 10.0
    body: float = 30.0
    rest: float = 5.0
    reading: float = 60.0
    idle: float = 90.0

    def of(self, phase: Phase) -> float:
        """Seconds that a connection may wait so."""
        times = {Phase.REQUEST: self.idle, Phase.HEAD: self.head, Phase.BODY: self.body, Phase.REST: self.rest}
        return times.get(phase, math.inf)


SPARE = frozenset({Phase.REQUEST, Phase.HEAD})
"""A connection that nobody misses: a browser whose connection is closed now opens another one."""


class Inner(Protocol):
    """What is used of uvicorn's protocols."""

    app: ASGIApp

    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> bool | None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class Connections:
    """All there are. exempt: networks from which any number may come: this machine, and proxies that are trusted."""

    def __init__(self, bounds: Bounds, exempt: Sequence[Network], clock: Clock, watch: Watch) -> None:
        self.bounds = bounds
        self._exempt = exempt
        self._clock = clock
        self._watch = watch
        self._open: dict[Guard, str] = {}
        self._each: Counter[str] = Counter()
        self._spare: dict[Guard, None] = {}
        self._refused = 0

    def admit(self, guard: Guard, address: str) -> bool:
        """Notes *guard*. Where there is no room, the one that has been spare for longest makes some."""
        home = "" if is_within(address, self._exempt) else home_of(address)
        if home and self._each[home] >= self.bounds.each:
            return self._refuse()
        if len(self._open) >= self.bounds.most:
            if not self._spare:
                return self._refuse()
            longest = next(iter(self._spare))
            del self._spare[longest]
            longest.end()
        self._open[guard] = home
        self._each[home] += 1
        self._watch.opened("connections", 1)
        return True

    def left(self, guard: Guard) -> None:
        home = self._open.pop(guard, None)
        self._spare.pop(guard, None)
        if home is None:
            return
        self._each[home] -= 1
        if not self._each[home]:
            del self._each[home]
        self._watch.opened("connections", -1)

    def entered(self, guard: Guard, phase: Phase) -> None:
        """Notes whether *guard* is spare now."""
        if phase in SPARE:
            self._spare.setdefault(guard)  # since it began to wait, however its bytes trickle in
        else:
            self._spare.pop(guard, None)

    def now(self) -> float:
        return self._clock.monotonic()

    def drop_unread(self) -> None:
        """Ends those whose readers do not take what they are sent: last words would not reach them."""
        for guard in [guard for guard in self._open if guard.is_unread]:
            guard.end()

    async def watch(self) -> None:
        """Ends what waits too long, until it is cancelled."""
        while True:
            await self._clock.sleep(LOOK)
            now = self.now()
            for guard in [guard for guard in self._open if guard.is_late(now)]:
                guard.expire()
            self._tell()

    def _refuse(self) -> bool:
        self._refused += 1
        return False

    def _tell(self) -> None:
        """One line for all that were refused meanwhile: who opens thousands must not fill the log as well."""
        if self._refused:
            log.warning("web.connections_refused", refused=self._refused, open=len(self._open))
            self._refused = 0


class Guard(asyncio.Protocol):
    """One connection."""

    def __init__(self, inner: Inner, connections: Connections) -> None:
        self._inner = inner
        self._connections = connections
        self._phase = Phase.REQUEST
        self._late = self._unread = math.inf
        self._head = 0
        self._answers = 0
        self._transport: asyncio.Transport | None = None
        self._admitted = False
        inner.app = self._answering(inner.app)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._admitted = self._connections.admit(self, peer[0] if peer else "")
        if not self._admitted:
            self.end(FULL)
            return
        self._enter(Phase.HEAD)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._admitted:
            return
        if self._phase is Phase.REQUEST:
            self._enter(Phase.HEAD)
        if self._phase is Phase.HEAD and self._head > LARGEST_HEAD:
            self.end(LARGE)
            return
        self._head += len(data)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._admitted else None

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.left(self)
        if self._admitted:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """The reader does not take what it is sent."""
        self._unread = self._connections.now() + self._connections.bounds.reading
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._unread = math.inf
        self._inner.resume_writing()

    def is_late(self, now: float) -> bool:
        """Whether what it waits for should have come by *now*, on the monotonic clock."""
        return now > min(self._late, self._unread)

    @property
    def is_unread(self) -> bool:
        return self._unread < math.inf

    def expire(self) -> None:
        """What it waits for did not come."""
        self.end(LATE if self._phase in {Phase.HEAD, Phase.BODY} else b"")

    def end(self, last_words: bytes = b"") -> None:
        """Closes it, at once where the other side does not take what it was sent."""
        if self._transport is None:
            return
        if self._transport.is_closing() or self._transport.get_write_buffer_size():
            self._transport.abort()
            return
        self._transport.write(last_words)
        self._transport.close()

    def _enter(self, phase: Phase) -> None:
        self._phase, self._head = phase, 0
        self._late = self._connections.now() + self._connections.bounds.of(phase)
        self._connections.entered(self, phase)

    def _answering(self, app: ASGIApp) -> ASGIApp:
        """*app*, as this connection's requests come to it: called as soon as a head is complete."""

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            self._answers += 1
            this = self._answers
            self._enter(Phase.BODY if _has_body(scope) else Phase.ANSWER)
            try:
                received = self._receiving(receive)
                await app(scope, received, self._sending(send, received if _is_small(scope) else None))
            finally:
                if self._answers == this:  # a request sent ahead may have begun already
                    self._enter(Phase.REQUEST if self._phase is Phase.ANSWER else Phase.REST)

        return answered

    def _receiving(self, receive: Receive) -> Receive:
        async def receiving() -> Message:
            message = await receive()
            if self._phase is Phase.BODY and not message.get("more_body", False):
                self._enter(Phase.ANSWER)
            return message

        return receiving

    def _sending(self, send: Send, rest: Receive | None) -> Send:
        """*rest*: what is to be read of a body before an answer to it is given, so that the connection stays usable."""

        async def sending(message: Message) -> None:
            while self._phase is Phase.BODY and rest is not None:
                await rest()
            if self._phase is Phase.BODY:
                self._enter(Phase.REST)
            await send(message)

        return sending


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


def _is_small(scope: Scope) -> bool:
    """Whether it says so itself."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0]) <= SMALL_BODY

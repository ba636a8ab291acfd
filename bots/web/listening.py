"""The HTTP server: uvicorn inside our event loop, beside the workers."""

from __future__ import annotations

import asyncio
import contextlib
import math
import resource
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from bots.shared.surface import SurfaceRefused
from bots.web.connections import Connections, Guard, Inner
from core.tasks import cancelled

BACKLOG = 1024
"""Connections that the system holds for us while the loop is busy."""
KEEP_ALIVE = 75
"""Seconds for which a connection waits for the next request: longer than the minute for which load balancers commonly
keep theirs, so that none sends a request into a connection that is being closed."""
OTHER_FILES = 256
"""Files and connections that the process has open besides: to its store, to models, to other platforms."""


Leave = Callable[[], Coroutine[Any, Any, None]]


class Server(uvicorn.Server):
    """*leave*: as in `Manners`."""

    def __init__(self, config: uvicorn.Config, connections: Connections, leave: Leave | None) -> None:
        super().__init__(config)
        self._connections = connections
        self._leave = leave

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Connections are told to close before this waits for the first time, and so before *leave* begins. Returns when
        also those have had their last words whose time was over."""
        leaving = asyncio.create_task(self._leave(), name="web leaving") if self._leave else None
        try:
            await super().shutdown(sockets)
            self._connections.drop_unread()
            await asyncio.gather(*self.server_state.tasks, return_exceptions=True)
        finally:
            if leaving is not None:
                await cancelled(leaving)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has its own way with signals."""
        yield


async def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of *host*. Raises SurfaceRefused."""
    loop = asyncio.get_running_loop()
    bound: list[socket.socket] = []
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            bound.append(_listening(family, (address[0], bound[0].getsockname()[1] if bound else port)))
    except OSError as problem:
        for opened in bound:
            opened.close()
        raise SurfaceRefused(f"cannot listen on {host}:{port}: {problem.strerror}") from problem
    return bound


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # the other family has a socket of its own
        opened.bind(address)
        opened.listen(BACKLOG)  # from now on nobody who is told the address is refused
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server ends. patience: seconds that what is being answered gets. leave: begun when every connection is to close,
    where there is somebody to be told."""

    patience: float
    leave: Leave | None = None


async def serve(app: ASGIApp, sockets: Sequence[socket.socket], connections: Connections, manners: Manners) -> None:
    """Until it is cancelled."""
    server = Server(_settings(app, connections, manners.patience), connections, manners.leave)
    serving = asyncio.create_task(server.serve(list(sockets)), name="web server")
    watching = asyncio.create_task(connections.watch(), name="web connections")
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
        await cancelled(watching)


def room(wanted: int) -> int:
    """How many connections fit: as many as are wanted, or as this process may have files open. Raises the limit that it
    has set itself as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + OTHER_FILES
    if soft < enough and soft != resource.RLIM_INFINITY:
        soft = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - OTHER_FILES))


def _settings(app: ASGIApp, connections: Connections, patience: float) -> uvicorn.Config:
    def guarded(**told: Any) -> Guard:
        return Guard(cast("Inner", AutoHTTPProtocol(**told)), connections)

    return uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", guarded),  # called as the class would be
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        ws="none",
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=math.ceil(patience),
    )

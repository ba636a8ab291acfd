"""The HTTP server: uvicorn inside our event loop, beside the workers."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from bots.shared.surface import SurfaceRefused

BACKLOG = 1024
"""Connections that the system holds for us while the loop is busy."""
KEEP_ALIVE = 75
"""Seconds for which a connection waits for the next request: longer than the minute for which load balancers commonly
keep theirs, so that none sends a request into a connection that is being closed."""


class Server(uvicorn.Server):
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
        opened.setblocking(False)
    except OSError:
        opened.close()
        raise
    return opened


async def serve(app: ASGIApp, sockets: Sequence[socket.socket], leave: Callable[[], None], patience: float) -> None:
    """Until it is cancelled. Then *leave* is called, and what is being answered gets *patience* seconds to end."""
    server = Server(_settings(app, patience))
    serving = asyncio.create_task(server.serve(list(sockets)), name="web server")
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        leave()
        await serving


def _settings(app: ASGIApp, patience: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
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

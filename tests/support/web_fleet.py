"""Servers of the page as processes on one store, and what they go through."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.support.balancer import balancer
from tests.support.bot_process import process
from tests.support.servers import free_port
from tests.support.web import listening, settings

UP = 2.0
"""Seconds for which a restarted server is left alone."""


class Server:
    """One of them, as a process."""

    def __init__(self, folder: Path, store: str) -> None:
        self.port = free_port()
        self._config = folder / f"{self.port}.yaml"
        self._config.write_text(settings(folder, self.port, delay=0.02, store=store))
        self._running = AsyncExitStack()

    async def start(self) -> None:
        self._process = await self._running.enter_async_context(process(self._config, "web"))
        await listening(self.port, 30_000)

    async def stop(self, *, kindly: bool) -> None:
        if kindly:
            self._process.terminate()
            await self._process.wait()
        await self._running.aclose()


class Unrest:
    """What *servers* go through while somebody talks to them, from now on."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.restarts = 0
        self._servers = servers
        self._over = False
        self._running = asyncio.create_task(self._run(), name="restarting")

    async def end(self) -> None:
        """Nobody talks any more, or wants to be left alone. Returns when all servers are up."""
        self._over = True
        await self._running

    async def _run(self) -> None:
        """Restarts one after the other: killed, then asked to end."""
        for server, kindly in itertools.cycle(itertools.product(self._servers, (False, True))):
            await asyncio.sleep(UP)
            if self._over:
                return
            await server.stop(kindly=kindly)
            await server.start()
            self.restarts += 1


@asynccontextmanager
async def restless_pair(folder: Path, store: str) -> AsyncIterator[tuple[str, Unrest]]:
    """The address of two servers behind a load balancer, and their unrest; at the end of the block it is over, and both have
    been talked to."""
    async with AsyncExitStack() as opened:
        servers = [Server(folder, store) for _ in range(2)]
        for server in servers:
            await server.start()
            opened.push_async_callback(server.stop, kindly=False)
        url, balancing = await opened.enter_async_context(balancer([server.port for server in servers]))
        unrest = Unrest(servers)
        try:
            yield url, unrest
        finally:
            await unrest.end()
        assert set(balancing.served) == {server.port for server in servers}

"""Servers of the page as processes on one store, and what they go through."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

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


@dataclass
class Unrest:
    """What servers go through while somebody talks to them. over: nobody talks any more."""

    servers: Sequence[Server]
    restarts: int = 0
    over: bool = False

    async def run(self) -> None:
        """Restarts one after the other: killed, then asked to end."""
        for server, kindly in itertools.cycle(itertools.product(self.servers, (False, True))):
            await asyncio.sleep(UP)
            if self.over:
                return
            await server.stop(kindly=kindly)
            await server.start()
            self.restarts += 1

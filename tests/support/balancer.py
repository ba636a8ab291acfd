"""A load balancer without stickiness: each connection goes to the next server that takes it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.support.clock import settle


class Balancer:
    """ports: of the servers, on loopback; they may come and go. patient: one that does not take a connection is passed
    over."""

    def __init__(self, ports: Sequence[int], *, patient: bool = True) -> None:
        self.ports = list(ports)
        self._patient = patient
        self._turn = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self.served: list[int] = []
        self.refused = 0
        """Connections that no server took."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Both directions, until either end has ended."""
        there, back = await self._connected()
        ways = [asyncio.create_task(_pass(*way)) for way in ((reader, back), (there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Raises ConnectionError where no server takes it."""
        first = next(self._turn)
        known = [self.ports[(first + more) % len(self.ports)] for more in range(len(self.ports))]
        for port in known if self._patient else known[:1]:
            try:
                streams = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self.served.append(port)
            return streams
        self.refused += 1
        raise ConnectionRefusedError

    async def leave(self) -> None:
        await settle()  # who has just come is served, so that it is known here
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def balancer(ports: Sequence[int], *, patient: bool = True) -> AsyncIterator[tuple[str, Balancer]]:
    """Its URL, and which servers took a connection."""
    balancing = Balancer(ports, patient=patient)
    server = await asyncio.start_server(balancing.serve, "127.0.0.1", 0, backlog=1000)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", balancing
    finally:
        server.close()
        await balancing.leave()

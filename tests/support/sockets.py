"""Raw connections to a server: what a browser would never send, and half of what it would."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Line:
    """One connection, from the client's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def drain(self) -> None:
        """Returns when the other side has taken (nearly) all, or is gone."""
        with suppress(ConnectionError):
            await self._writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer; status 0 where the connection ends without one."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0, b""
        lines = head.lower().split(b"\r\n")
        lengths = [int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")]
        return int(head.split(b" ")[1]), await self._reader.readexactly(lengths[0] if lengths else 0)

    async def is_closed(self) -> bool:
        """Waits until the other side closes it; False if it sends something more."""
        try:
            return await self._reader.read(1) == b""
        except ConnectionError:
            return True

    async def status(self) -> int:
        """Of the next answer, whatever follows; 0 where the connection ends without one."""
        try:
            return int((await self._reader.readline()).split(b" ")[1])
        except (IndexError, ConnectionError):
            return 0

    async def some(self) -> int:
        """Waits for bytes; how many came."""
        return len(await self._reader.read(1))

    async def until(self, end: bytes) -> bytes:
        """All that comes, with *end*."""
        return await self._reader.readuntil(end)

    @property
    def is_open(self) -> bool:
        """As far as this side has heard."""
        return not self._reader.at_eof() and not self._writer.is_closing()

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


async def dial(port: int, data: bytes = b"") -> Line:
    """A connection on which *data* was sent."""
    line = Line(*await asyncio.open_connection("127.0.0.1", port))
    line.send(data)
    return line

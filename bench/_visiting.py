"""Visitors by the hundred, cheaper than what they measure: HTTP over plain streams."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, line: str, body: bytes = b"", **headers: str) -> None:
        """line: such as ``GET /path``."""
        fields = {"Host": "127.0.0.1", "X-Parlour": "1", "Content-Type": "application/json"}
        fields |= {"Content-Length": str(len(body))} if body else {}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in (fields | headers).items()]
        self.writer.write("\r\n".join([f"{line} HTTP/1.1", *lines, "", ""]).encode() + body)

    async def head(self) -> dict[str, str]:
        """The response's headers; it must be a good one."""
        status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        assert status.split()[1].startswith("2"), status
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    async def whole(self) -> dict[str, str]:
        """The response's headers, once its body is read."""
        headers = await self.head()
        if "chunked" in headers.get("transfer-encoding", ""):
            async for _ in self.chunks():
                pass
        else:
            await self.reader.readexactly(int(headers["content-length"]))
        return headers

    async def chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self.reader.readline(), 16):
            yield await self.reader.readexactly(size)
            await self.reader.readline()
        await self.reader.readline()

    async def events(self) -> AsyncIterator[bytes]:
        """The data of server-sent events."""
        rest = b""
        async for piece in self.chunks():
            *blocks, rest = (rest + piece).split(b"\n\n")
            for block in blocks:
                for line in block.split(b"\n"):
                    if line.startswith(b"data: "):
                        yield line[6:]


@dataclass
class Visitor:
    """Somebody who has the page open. first, last: seconds until words and the whole answer were seen."""

    calls: Wire
    watching: Wire
    told: AsyncIterator[bytes]
    cookie: str
    first: float = 0.0
    last: float = 0.0

    @classmethod
    async def enter(cls, port: int) -> Self:
        calls, watching = await Wire.to(port), await Wire.to(port)
        calls.send("GET /api/session")
        cookie = (await calls.whole())["set-cookie"].partition(";")[0]
        watching.send("GET /api/events", Cookie=cookie)
        await watching.head()
        return cls(calls, watching, watching.events(), cookie)

    async def ask(self, name: str) -> str:
        """The answer to who says their *name*."""
        began = time.monotonic()
        said = json.dumps({"id": f"turn-{name:>08}", "text": f"I am {name}"}).encode()
        self.calls.send(f"POST /api/conversations/room-{name:>08}/messages", said, Cookie=self.cookie)
        answer = ""
        async for data in self.told:
            if not self.first and data.startswith(b'{"kind":"words"'):
                self.first = time.monotonic() - began
            elif data.startswith(b'{"kind":"done"'):
                answer = json.loads(data)["message"]["text"]
                break
        self.last = time.monotonic() - began
        await self.calls.whole()
        return answer

    def leave(self) -> None:
        self.calls.writer.close()
        self.watching.writer.close()


@asynccontextmanager
async def program(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is killed at the end of the block."""
    running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


def processor_time(pid: int) -> float:
    """Seconds that the process has used, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def memory(pid: int) -> float:
    """MB resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

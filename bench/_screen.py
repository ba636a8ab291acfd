"""A terminal with somebody before it: what a program shows there, and what is typed."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pyte

LINES, COLUMNS = 200, 180
"""So many lines that nothing scrolls away."""
CHUNK = 65_536
LOOK = 0.05
"""Seconds between two looks at what stands there."""
LONGEST = 120.0
"""Seconds that anything may take on a busy machine."""
PROMPT = "❯"
"""Parlour's in a terminal."""


class Screen(pyte.Screen):
    """What a program asks a terminal, such as where its cursor is, goes to *master*."""

    def __init__(self, master: int) -> None:
        super().__init__(COLUMNS, LINES)
        self._master = master

    def write_process_input(self, data: str) -> None:
        os.write(self._master, data.encode())


@dataclass
class Terminal:
    screen: Screen
    process: asyncio.subprocess.Process
    master: int

    def read(self, stream: pyte.ByteStream) -> None:
        try:
            chunk = os.read(self.master, CHUNK)
        except OSError:  # nobody writes to it any more
            asyncio.get_running_loop().remove_reader(self.master)
            return
        stream.feed(chunk)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    @property
    def text(self) -> str:
        """All that stands there."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    async def shows(self, text: str, seconds: float = LONGEST) -> None:
        """Raises TimeoutError with what stands there instead."""
        await self.waits(lambda: text in self.text, seconds)

    async def prompts(self) -> None:
        """Until the conversation waits for somebody to type."""
        await self.waits(lambda: self.text.endswith(PROMPT))

    async def waits(self, condition: Callable[[], bool], seconds: float = LONGEST) -> None:
        until = monotonic() + seconds
        while not condition():
            if monotonic() > until:
                raise TimeoutError(self.text)
            await asyncio.sleep(LOOK)

    async def ends(self) -> None:
        async with asyncio.timeout(LONGEST):
            await self.process.wait()


@asynccontextmanager
async def terminal(command: str, folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Terminal]:
    """With *command* of a shell running in it. At the end of the block its window is closed."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", command),
        cwd=folder,
        env={**environment, "TERM": "xterm-256color"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    screen = Screen(master)
    opened = Terminal(screen, process, master)
    loop, stream = asyncio.get_running_loop(), pyte.ByteStream(screen)
    loop.add_reader(master, opened.read, stream)
    try:
        yield opened
    finally:
        loop.remove_reader(master)
        if process.returncode is None:
            os.killpg(process.pid, 15)
            await process.wait()
        os.close(slave)
        os.close(master)

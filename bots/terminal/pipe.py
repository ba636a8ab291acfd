"""A screen for scripts: a line in, an answer out, plain text, nothing else on standard output."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TextIO

from bots.terminal.render import safe
from bots.terminal.screen import Interrupt, Past
from bots.terminal.stream import View
from core.wording import Sentence, say

LONGEST_LINE = 8 << 20
"""Bytes of one line that are read at most: far more than any model takes, far less than the memory of any machine."""
_CHUNK = 1 << 16


class Lines:
    """Lines of a file descriptor, whatever it is: a pipe, a file, a device. One chunk is read at a time, in a thread
    that does not keep the process alive: a read that nothing ends must not stop it from leaving."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = bytearray()
        self._ended = False

    async def next(self) -> bytes | None:
        """The next line without its end; None after the last. One byte more than `LONGEST_LINE` of a longer one."""
        while (end := self._rest.find(b"\n")) < 0 and not self._ended:
            chunk = await self._chunk()
            self._ended = not chunk
            self._rest += chunk
            if len(self._rest) > LONGEST_LINE and b"\n" not in chunk:
                del self._rest[LONGEST_LINE + 1 :]
        if end < 0:
            last, self._rest = bytes(self._rest), bytearray()
            return last or None
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        return line

    async def _chunk(self) -> bytes:
        loop = asyncio.get_running_loop()
        arrived: asyncio.Future[bytes] = loop.create_future()

        def read() -> None:
            try:
                chunk = os.read(self._descriptor, _CHUNK)
            except OSError:
                chunk = b""  # a terminal that hung up has nothing more to say
            if not loop.is_closed():
                loop.call_soon_threadsafe(_arrive, arrived, chunk)

        threading.Thread(target=read, name="terminal input", daemon=True).start()
        return await arrived


def _arrive(arrived: asyncio.Future[bytes], chunk: bytes) -> None:
    if not arrived.done():
        arrived.set_result(chunk)


class PipeScreen:
    """Answers are written whole, so that nothing ever has to be taken back. Errors are a line on standard output too:
    each line of input has an outcome. When nobody reads any more, reading ends as well. notes: where somebody who
    watches the script can see what it waits for."""

    def __init__(self, descriptor: int, output: TextIO, notes: TextIO | None, language: str) -> None:
        self._lines = Lines(descriptor)
        self._output = output
        self._notes = notes
        self._language = language
        self._gone: OSError | None = None

    async def read(self) -> str | None:
        """Raises OSError when the output cannot be written for another reason than that nobody reads it."""
        while self._gone is None and (line := await self._lines.next()) is not None:
            if len(line) <= LONGEST_LINE:
                return line.decode("utf-8", "replace")
            self.say(say(Sentence.TERMINAL_LINE_TOO_LONG, self._language, limit=LONGEST_LINE >> 20))
        if self._gone is not None and not isinstance(self._gone, BrokenPipeError):
            raise self._gone
        return None

    def say(self, text: str) -> None:
        if self._gone is not None:
            return
        try:
            self._output.write(safe(text) + "\n")
            self._output.flush()
        except OSError as problem:
            self._gone = problem
            _drain(self._output)

    def keep(self, text: str) -> None:
        """The script still has it."""

    def greet(self, welcome: str, past: Past | None) -> bool:  # noqa: ARG002  # a script wants answers only
        return False

    def note(self, text: str) -> None:
        if self._notes is not None:
            self._notes.write(safe(text) + "\n")
            self._notes.flush()

    async def interject(self, title: str, text: str) -> None:
        self.say(f"{title}\n{text}")

    @asynccontextmanager
    async def answering(self, interrupt: Interrupt) -> AsyncIterator[View]:  # noqa: ARG002  # a script ends by a signal
        yield PipeView(self.say, self.note)


def _drain(output: TextIO) -> None:
    """What is left in its buffer goes nowhere: the interpreter flushes it when it exits, and must not fail then."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, output.fileno())
    os.close(nowhere)


class PipeView:
    def __init__(self, write: Callable[[str], None], note: Callable[[str], None]) -> None:
        self._write = write
        self._note = note

    def draft(self, text: str) -> None:
        """Only what is final is written."""

    def wait(self, sentence: str) -> None:
        self._note(sentence)

    def finish(self, text: str) -> None:
        self._write(text)

    def fail(self, sentence: str) -> None:
        self._write(sentence)

"""``python -m bots chat`` as a process of its own: over pipes, and on a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

from core.clock import SystemClock
from core.stores.opening import open_store
from core.wording import Sentence, say
from tests.support.clock import until

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "bots", "chat")
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm", "LOGNAME": "ada", "PYTHONPATH": str(ROOT)}
PLENTY = 30.0
"""Seconds that any of these processes may take."""


def configured(folder: Path, delay: float = 0.0, more: str = "") -> dict[str, str]:
    """The environment of a process whose model echoes, *delay* seconds per word, over a store in *folder*. *more* stands in
    the configuration besides."""
    file = folder / "config.yaml"
    file.write_text(
        f"store: sqlite:///{folder}/parlour.db\n"
        f"models:\n  - {{id: echo, provider: scripted, extra_body: {{delay: {delay}}}}}\n"
        f"inbox: {{lease: 1s}}\n{more}",
        encoding="utf-8",
    )
    return {**ENVIRONMENT, "PARLOUR_CONFIG": str(file)}


async def piped(folder: Path, *arguments: str, text: str = "", more: str = "") -> tuple[str, str, int | None]:
    """What a chat over pipes writes to its two outputs, and its exit code."""
    chat = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, cwd=folder, env=configured(folder, more=more), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    out, errors = await asyncio.wait_for(chat.communicate(text.encode()), PLENTY)
    return out.decode(), errors.decode(), chat.returncode


@dataclass
class Window:
    """A pseudo-terminal with a chat in it."""

    master: int
    process: asyncio.subprocess.Process
    seen: bytearray

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    async def shows(self, text: str) -> None:
        await until(lambda: text in self.text, attempts=15_000)  # about 30 s: a process has to start

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen.decode("utf-8", "replace"))

    def settings(self) -> list[object]:
        return termios.tcgetattr(self.master)

    def read(self) -> None:
        try:
            chunk = os.read(self.master, 65536)
        except OSError:  # the other side hung up
            asyncio.get_running_loop().remove_reader(self.master)
            return
        self.seen += chunk
        if b"\x1b[6n" in chunk:
            self.type("\x1b[1;1R")  # a terminal answers where its cursor is


@asynccontextmanager
async def window(folder: Path, delay: float = 0.0) -> AsyncIterator[Window]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        cwd=folder,
        env=configured(folder, delay),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    opened = Window(master, process, bytearray())
    loop = asyncio.get_running_loop()
    loop.add_reader(master, opened.read)
    try:
        yield opened
    finally:
        loop.remove_reader(master)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(slave)
        os.close(master)


async def test_lines_in_answers_out_and_nothing_else(tmp_path: Path) -> None:
    out, _, code = await piped(tmp_path, text="My name is Ada.\nWhat is my name?\n")
    assert out == "You said: My name is Ada.\nYou said: What is my name?\n"
    assert code == 0


async def test_no_list_and_no_limit_is_for_who_sits_at_the_machine(tmp_path: Path) -> None:
    more = "access: {blocked: [terminal:ada]}\nlimits: {tokens: {user: 0}, messages: {user: 1/1d}}\n"
    out, _, _ = await piped(tmp_path, text="Hello\nAgain\n", more=more)
    assert out == "You said: Hello\nYou said: Again\n"


async def test_each_named_conversation_is_one_of_its_own(tmp_path: Path) -> None:
    await piped(tmp_path, "--conversation", "work", text="At work\n")
    out, _, _ = await piped(tmp_path, text="/export\n")
    assert out.strip() == say(Sentence.EXPORT_NOTHING, "en")
    out, _, _ = await piped(tmp_path, "--conversation", "work", text="/context\n")
    assert "you: At work" in out


async def test_a_window_answers_and_gives_the_terminal_back_as_it_was(tmp_path: Path) -> None:
    async with window(tmp_path) as ada:
        before = ada.settings()
        await ada.shows("Parlour · echo")
        ada.type("Hello\r")
        await ada.shows("You said: Hello")
        ada.type("exit\r")
        assert await ada.process.wait() == 0
        assert ada.settings() == before
        assert "Traceback" not in ada.text


async def test_ctrl_c_keeps_what_was_written(tmp_path: Path) -> None:
    async with window(tmp_path, delay=0.3) as ada:
        await ada.shows("Parlour · echo")
        ada.type("one two three four five six seven eight nine ten\r")
        await ada.shows("You said: one")
        ada.type("\x03")
        ada.type("/context\r")
        await ada.shows("echo: You said: one")
        assert "Traceback" not in ada.text


async def test_an_answer_interrupted_by_a_kill_is_finished_by_the_next_process(tmp_path: Path) -> None:
    async with window(tmp_path, delay=0.3) as ada:
        await ada.shows("Parlour · echo")
        ada.type("one two three four five six seven eight nine ten\r")
        await ada.shows("You said: one")
        ada.process.kill()
        await ada.process.wait()
    async with window(tmp_path) as ada:
        await ada.shows(say(Sentence.TERMINAL_RESUMED, "en"))
        await ada.shows("You said: one two three four five six seven eight nine ten")


async def test_a_window_that_is_closed_gives_the_question_back_at_once(tmp_path: Path) -> None:
    async with window(tmp_path, delay=0.3) as ada:
        await ada.shows("Parlour · echo")
        ada.type("one two three four five six seven eight nine ten\r")
        await ada.shows("You said: one")
        ada.process.send_signal(signal.SIGHUP)
        assert await asyncio.wait_for(ada.process.wait(), PLENTY) == 129
        assert "Traceback" not in ada.text
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", SystemClock()) as store:
        turn = await store.claim(["terminal:default"], PLENTY)
        assert turn is not None
        assert turn.attempt == 1


async def test_an_interrupted_script_leaves_without_a_traceback(tmp_path: Path) -> None:
    chat = await asyncio.create_subprocess_exec(
        *COMMAND, cwd=tmp_path, env=configured(tmp_path), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    assert chat.stdin is not None
    assert chat.stdout is not None
    chat.stdin.write(b"Hello\n")
    assert await asyncio.wait_for(chat.stdout.readline(), PLENTY) == b"You said: Hello\n"
    chat.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(chat.communicate(), PLENTY)
    assert b"Traceback" not in errors
    assert chat.returncode == 130

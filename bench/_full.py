"""A disk that is full: of the store, of Redis, of the log. The bot is a process of its own, on a file system of 4 MB."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from bench._outages import GREETING, World, world
from bench._stage import Operator, Play, Telegram, warning
from core.clock import SystemClock
from tests.support.clock import until
from tests.support.page import ROOM, Page, fresh, page
from tests.support.servers import RedisServer, free_port
from tests.support.telegram_world import ADA, BOB
from tests.support.tree import ROOT

SMALL = "mount -t tmpfs -o size=4m tmpfs {folder} && exec {python} -m bots run telegram web --config {config} 2>>{log}"
"""As root of a user namespace of its own: nobody else sees that file system."""
LONG = 15_000
"""Looks at what the bot has written."""


class Disk:
    """The file system that the process has for itself, from outside."""

    def __init__(self, pid: int, folder: Path, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._ballast = Path(f"/proc/{pid}/root{folder}/ballast")

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as opened:
            for size in (65_536, 512, 1):
                try:
                    while True:
                        opened.write(bytes(size))
                except OSError:
                    continue

    def clear(self) -> None:
        self._ballast.unlink()


@asynccontextmanager
async def on_a_small_disk(telegram: Telegram, folder: Path, log: str) -> AsyncIterator[Disk]:
    small = folder / "small"
    small.mkdir()
    port, config = free_port(), folder / "config.yaml"
    config.write_text(
        f"""store: sqlite:///{small}/parlour.db
models: [{{id: echo, provider: scripted}}]
telegram: {{{telegram.settings}}}
web: {{port: {port}}}
"""
    )
    command = SMALL.format(folder=small, python=sys.executable, config=config, log=log)
    running = await asyncio.create_subprocess_exec(
        "unshare",
        "-Urm",
        "sh",
        "-c",
        command,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: telegram.connected, LONG)
        yield Disk(running.pid, small, port)
        assert running.returncode is None, "it did not survive"
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def full_disk(folder: Path) -> list[str]:
    play, log = Play(SystemClock()), folder / "log"
    async with Telegram(play) as telegram, on_a_small_disk(telegram, folder, str(log)) as disk, page(disk.url) as bob:
        operator = Operator(play, disk.port)
        play.restart()
        began = time.time()
        await telegram.answers(ADA, "one", "You said: one")
        await operator.look()
        disk.fill()
        play.note("", "A file takes the last byte of the disk.")
        telegram.asks(ADA, "two")
        await play.until(lambda: log.read_text().count("the disk is full") > 1)
        await refused(play, bob)
        await operator.look()
        await play.passes(20.0, 1.0)
        disk.clear()
        play.note("", "There is room again.")
        await play.until(lambda: "You said: two" in telegram.shown(ADA))
        await operator.look()
    for line in log.read_text().splitlines():
        if line.startswith("{") and (told := warning(line)):
            at = datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp() - began
            play.entries.append((at, "log", told.replace(f"{folder}/", "")))
    return play.lines()


async def refused(play: Play, bob: Page) -> None:
    play.note("Bob", "Are you there? (on the page)")
    response = await bob.call("POST", f"/conversations/{ROOM}/messages", id=fresh(), text="Are you there?")
    play.note("parlour", f"{response.status_code} {response.text}")


async def full_log(folder: Path) -> list[str]:
    play = Play(SystemClock())
    async with Telegram(play) as telegram, on_a_small_disk(telegram, folder, "/dev/full"):
        play.restart()
        play.note("", "Standard error goes to a disk that is full: each write of a line fails.")
        await telegram.answers(ADA, "one", "You said: one")
        await telegram.answers(BOB, "two", "You said: two")
    return play.lines()


async def full_redis(folder: Path) -> list[str]:
    with RedisServer() as redis:
        async with world(folder, redis.url) as here:
            redis.command("CONFIG", "SET", "maxmemory", "1")
            here.play.note("", "Redis has reached its maxmemory, with the policy noeviction.")
            await _refused_for_a_minute(here, redis)
            return here.play.lines()


async def _refused_for_a_minute(here: World, redis: RedisServer) -> None:
    here.telegram.asks(ADA, "Are you there?")
    await here.play.passes(60.0, 0.5)
    await here.bot.look()
    redis.command("CONFIG", "SET", "maxmemory", "0")
    here.play.note("", "There is room again.")
    await here.play.until(lambda: here.telegram.shown(ADA)[-1] == GREETING)
    await here.bot.look()

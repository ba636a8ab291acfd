"""An answer of several messages whose process is killed at each of its writes in turn, before it hears of that write: the
next process leaves one whole answer and no stray part, also on a Discord that remembers no nonce."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.test_discord_kill import ended, written
from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA

QUESTION = " ".join(f"word{number}" for number in range(700))
SLOW = pytest.mark.soak
WRITES = [1, pytest.param(2, marks=SLOW), pytest.param(3, marks=SLOW), 4, pytest.param(5, marks=SLOW)]
"""All that this answer takes where Discord allows 5 edits in 5 seconds."""


@dataclass
class Watched(DiscordServer):
    """on_write: called when a write was done, before it is answered."""

    on_write: Callable[[int], None] = lambda _number: None

    def _written(self, kind: str, message: dict[str, Any], body: dict[str, Any]) -> None:
        super()._written(kind, message, body)
        self.on_write(len(self.writes))


@pytest.mark.parametrize("memory", [180.0, 0.0], ids=["remembering", "forgetful"])
@pytest.mark.parametrize("last", WRITES)
async def test_no_write_that_nobody_heard_of_leaves_a_stray_part(last: int, memory: float, tmp_path: Path) -> None:
    async with Watched() as discord:
        discord.nonces.seconds = memory
        config, channel = written(discord, tmp_path, delay=0.001), discord.direct(ADA)
        async with process(config, "discord") as first:
            await until(lambda: discord.gateway.connected, 20_000)
            discord.on_write = lambda number: kill(first) if number == last else None
            discord.say(ADA, QUESTION, channel)
            await until(lambda: first.returncode is not None or ended(discord, channel), 20_000)
        async with process(config, "discord"):
            await until(lambda: ended(discord, channel), 20_000)
        assert " ".join(discord.shown(channel)).split() == f"You said: {QUESTION}".split()
        assert not discord.refused


def kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()

"""A question that opens a thread, its process killed when the thread is there or its first words are: the next process
answers there, once and whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.test_discord_kill import ended, written
from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT


@dataclass
class Watched(DiscordServer):
    """on_deed: called when a thread was opened (``thread``) or a message written, before that is answered."""

    on_deed: Callable[[str], None] = lambda _deed: None

    def _start_thread(self, channel: str, message: str, body: dict[str, Any]) -> dict[str, Any]:
        made = super()._start_thread(channel, message, body)
        self.on_deed("thread")
        return made

    def _written(self, kind: str, message: dict[str, Any], body: dict[str, Any]) -> None:
        super()._written(kind, message, body)
        self.on_deed(kind)


@pytest.mark.parametrize("last", ["thread", "create"])
async def test_a_thread_is_opened_once_and_answered_in_once(last: str, tmp_path: Path) -> None:
    async with Watched() as discord:
        config = written(discord, tmp_path)
        config.write_text(config.read_text().replace("discord: {", "discord: {scope: thread, "))
        async with process(config, "discord") as first:
            await until(lambda: discord.gateway.connected, 20_000)

            def kill(deed: str) -> None:
                if deed == last and first.returncode is None:
                    first.kill()

            discord.on_deed = kill
            thread = discord.say(ADA, f"<@{BOT}> one two three")
            await until(lambda: first.returncode is not None, 20_000)
        async with process(config, "discord"):
            await until(lambda: ended(discord, thread), 20_000)
            discord.say(ADA, "and then?", thread)
            expected = ["You said: Ada: one two three", "You said: Ada: and then?"]
            await until(lambda: discord.shown(thread) == expected, 20_000)
        assert discord.shown() == []

"""`/ask` to the bot as a process, killed at each stage of its answer: the next one finishes it, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.test_discord_kill import ended, written
from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, GENERAL

WORDS = " ".join(f"word{number}" for number in range(700))


@pytest.mark.parametrize("requests", [1, 2, 3, 5, 7])
async def test_an_answer_to_a_command_killed_after_any_request_is_whole_and_has_no_stray_part(
    requests: int, tmp_path: Path
) -> None:
    async with DiscordServer(route_limit=1000) as discord:
        config = written(discord, tmp_path, delay=0.001)
        async with process(config, "discord"):
            await until(lambda: discord.gateway.connected, 20_000)
            discord.slash(ADA, "ask", question=WORDS)
            await until(lambda: made(discord) >= requests)
        async with process(config, "discord"):
            await until(lambda: ended(discord, GENERAL), 20_000)
        head, _, answer = " ".join(discord.shown()).partition("\n")
        assert head.startswith("> Ada asks: word0 word1")
        assert answer.split() == f"You said: Ada: {WORDS}".split()


def made(discord: DiscordServer) -> int:
    """Requests about interactions so far."""
    return sum(
        times for request, times in discord.requests.items() if "/webhooks/" in request or "/interactions/" in request
    )

"""Two bots with the same token on one Redis write to Discord together: never more than one may."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import TOKEN
from tests.support.servers import redis_server

PATIENCE = 20_000
"""Attempts of `until`: 40 s."""
ON_THE_WAY = 20
"""Requests that two processes may have sent before both know that nothing is taken: far from 4 s at 50/s."""
LATE = 5
"""Requests that arrive in the wrong second where the machine stops for a moment; two that share nothing would have some 80
of 200 refused."""
WORDS = "one two three four five six seven eight nine ten"


def written(discord: DiscordServer, folder: Path, store: str) -> Path:
    config = folder / "config.yaml"
    config.write_text(
        f"store: {store}\n"
        "models: [{id: echo, provider: scripted, extra_body: {delay: 0.05}}]\n"
        f'discord: {{token: "{TOKEN}", api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"}}\n'
    )
    return config


async def crowd(discord: DiscordServer, config: Path, people: int, penalty: float = 0.0) -> None:
    """So many ask at once; returns when each has the one right answer. penalty: seconds for which Discord takes nothing
    any more, from the first answers on."""
    async with AsyncExitStack() as started:
        for _ in range(2):
            await started.enter_async_context(process(config, "discord"))
        await until(lambda: len([one for one in discord.gateway.sessions.values() if one.link]) == 2, PATIENCE)
        asked = {discord.direct(str(1000 + number)): str(1000 + number) for number in range(people)}
        for channel, person in asked.items():
            discord.say(person, f"{person} {WORDS}", channel)
        if penalty:
            await until(lambda: len(discord.writes) >= people // 2, PATIENCE)
            discord.penalise(penalty)
        expected = [[f"You said: {person} {WORDS}"] for person in asked.values()]
        await until(lambda: [discord.shown(channel) for channel in asked] == expected, PATIENCE)


async def test_two_processes_keep_one_limit(tmp_path: Path) -> None:
    async with redis_server() as store, DiscordServer() as discord:
        await crowd(discord, written(discord, tmp_path, store), 200)
        assert discord.statuses[429] <= LATE
        assert not discord.refused


@pytest.mark.parametrize("backend", ["redis", "sqlite"])
async def test_a_global_penalty_that_one_meets_with_holds_both(backend: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as opened, DiscordServer() as discord:
        file = f"sqlite:///{tmp_path}/parlour.db"
        store = await opened.enter_async_context(redis_server()) if backend == "redis" else file
        await crowd(discord, written(discord, tmp_path, store), 20, penalty=4.0)
        assert 0 < discord.statuses[429] <= ON_THE_WAY

"""Many people answered while Discord is at its worst: who got the whole answer, once, and when.

    python -m bench.discord_faults [PEOPLE]

30 % of all creates, then of all edits, fail in each of Discord's ways, at real speed; then Discord takes nothing from the
bot for a minute, in the middle of the answers.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.discord_crowd import all_right, ask_all, failing
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import TOKEN, Fault, creates, edits

WORD_TIME = 0.1
PENALTY = 60.0
"""Seconds."""
PATIENCE = 100_000
"""Looks at the answers, after which the bench gives up: some minutes."""
WAYS: list[tuple[int | str, str]] = [
    (502, ""),
    (429, "user"),
    (429, "shared"),
    (429, "global"),
    ("reset", ""),
    ("hang", ""),
    ("lost", ""),
]


async def worst(people: int, deed: str, way: int | str, scope: str) -> None:
    matches = creates if deed == "creates" else edits
    async with serving([failing(matches, way, scope)]) as discord:
        began = time.monotonic()
        expected = ask_all(discord, people)
        await until(lambda: all_right(discord, expected), PATIENCE)
        report(f"30 % of the {deed}: {way} {scope}".rstrip(), people, time.monotonic() - began, discord)


async def penalty(people: int) -> None:
    async with serving([]) as discord:
        began = time.monotonic()
        expected = ask_all(discord, people)
        await until(lambda: len(discord.writes) > people // 2)
        discord.penalise(PENALTY)
        await until(lambda: all_right(discord, expected), PATIENCE)
        report(f"{PENALTY:.0f} s of penalty", people, time.monotonic() - began, discord)


def report(what: str, people: int, took: float, discord: DiscordServer) -> None:
    requests = sum(discord.requests.values())
    print(f"{what}: {people} of {people} right and once, the last after {took:.1f} s; {requests} requests,", end=" ")
    print(f"429 beside those ordered: {discord.statuses[429]}, refused otherwise: {len(discord.refused)}", flush=True)


@asynccontextmanager
async def serving(faults: list[Fault]) -> AsyncIterator[DiscordServer]:
    async with DiscordServer(faults=faults) as discord:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "config.yaml"
            config.write_text(
                f"store: sqlite:///{folder}/parlour.db\n"
                f"models: [{{id: echo, provider: scripted, extra_body: {{delay: {WORD_TIME}}}}}]\n"
                f'discord: {{token: "{TOKEN}", api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"}}\n'
            )
            async with process(config, "discord"):
                await until(lambda: discord.gateway.connected, 20_000)
                yield discord


async def main(people: int) -> None:
    for deed in ("creates", "edits"):
        for way, scope in WAYS:
            await worst(people, deed, way, scope)
    await penalty(people)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))

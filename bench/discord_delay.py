"""What the bot adds to the model's time for one person on Discord: from the model's first token to the first visible
words, and from its last token to the whole answer, each beyond the time that one request takes.

    python -m bench.discord_delay

Model, Discord and bot are on loopback, in this process; the model is asked over HTTP with the real client. A Discord
that is far away is imitated by a latency that every request waits before it is obeyed.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import structlog

from bench._speaking import Speaker, settings, told
from bots.discord.api import AGENT
from core.config import Config, parse_config
from tests.support.clock import until
from tests.support.completions import CompletionsServer
from tests.support.discord_bot import running
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, TOKEN

LATENCIES = (0.0, 0.05, 0.1)
"""Seconds."""
WORDS = range(90, 150, 3)
"""Lengths of the answers: their ends meet the drafts' rhythm everywhere."""


@dataclass
class Watched(DiscordServer):
    """Knows when each write took effect, and which of them was the last one of its answer."""

    seen: list[float] = field(default_factory=list)
    ended: bool = False

    def _written(self, kind: str, message: dict[str, Any], body: dict[str, Any]) -> None:
        super()._written(kind, message, body)
        self.seen.append(time.monotonic())
        self.ended = "Retry" in self.buttons(message)


async def measure(latency: float) -> None:
    """All questions in one channel, each as soon as the one before it is answered."""
    async with CompletionsServer() as model, Watched(latency=latency) as discord:
        with tempfile.TemporaryDirectory() as folder:
            async with running(discord, config_for(discord, Path(folder), model)):
                request = median([await one_request(discord, discord.direct(str(1000 + n))) for n in range(len(WORDS))])
                delays = [await ask(discord, model, count) for count in WORDS]
    firsts, wholes = zip(*delays, strict=True)
    print(
        f"latency {latency * 1000:.0f} ms, one request {request * 1000:.0f} ms, beyond it (median, worst of {len(WORDS)}):"
    )
    print(f"  first words {told(firsts, request)}, whole answer {told(wholes, request)}; 429: {discord.statuses[429]}")


def config_for(discord: DiscordServer, folder: Path, model: CompletionsServer) -> Config:
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    return parse_config(settings(folder, model, f'discord: {{token: "{TOKEN}", {urls}}}'), {})


async def ask(discord: Watched, model: CompletionsServer, count: int) -> tuple[float, float]:
    """Seconds from the first token to the first visible words, and from the last one to the whole answer."""
    speaker, channel = Speaker(" ".join(f"w{number}" for number in range(count))), discord.direct(ADA)
    model.plan(speaker.play)
    discord.seen.clear()
    discord.ended = False
    discord.say(ADA, "Speak.", channel)
    await until(lambda: discord.ended)
    assert discord.shown(channel)[-1] == speaker.text
    return discord.seen[0] - speaker.first, discord.seen[-1] - speaker.last


async def one_request(discord: Watched, channel: str) -> float:
    """Seconds for a request that Discord has nothing to do for, over a connection that is there already."""
    headers = {"Authorization": f"Bot {TOKEN}", "User-Agent": AGENT}
    async with aiohttp.ClientSession() as client:
        for _ in range(2):
            began = time.monotonic()
            async with client.get(f"{discord.api_url}/channels/{channel}", headers=headers) as response:
                await response.read()
    return time.monotonic() - began


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for far in LATENCIES:
        asyncio.run(measure(far))

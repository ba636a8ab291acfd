"""Many people at once on a Discord on loopback, with its rate limits: who got the right answer, when, and at what cost.

    python -m bench.discord_load [PEOPLE]

Server and bot share this process, so the processor time is that of both. The floor is the model's time plus one request
for each person at Discord's 50 requests a second.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import structlog

from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA

WORDS = 120
WORD_TIME = 0.02
"""Seconds for a word: 50 words a second."""
SINGLE = 20
QUESTION = " ".join(f"w{number}" for number in range(WORDS))


async def crowd(people: int) -> None:
    """*people* ask at the same moment, each in a channel of their own."""
    async with DiscordServer() as discord:
        with tempfile.TemporaryDirectory() as folder:
            async with bot_on(discord, Path(folder), model=f"extra_body: {{delay: {WORD_TIME}}}"):
                asked = {discord.direct(str(1000 + n)): (str(1000 + n), f"p{n} {QUESTION}") for n in range(people)}
                began, spent = time.monotonic(), time.process_time()
                for channel, (person, question) in asked.items():
                    discord.say(person, question, channel)
                expected = {channel: [f"You said: {question}"] for channel, (_, question) in asked.items()}
                await until(lambda: all(discord.shown(place) == text for place, text in expected.items()), 60_000)
                took, spent = time.monotonic() - began, time.process_time() - spent
    floor = (WORDS + 3) * WORD_TIME + people / 50
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{people} people: all right, the last after {took:.1f} s ({took / floor:.2f} × the floor of {floor:.1f} s)")
    print(f"429: {discord.statuses[429]}, writes: {len(discord.writes)}, CPU {spent:.1f} s, memory {memory:.0f} MB")


async def single() -> None:
    """One person, again and again: what the bot adds to the model's time."""
    firsts, wholes = [], []
    model = await bare()
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        with tempfile.TemporaryDirectory() as folder:
            async with bot_on(discord, Path(folder), model=f"extra_body: {{delay: {WORD_TIME}}}"):
                for number in range(SINGLE):
                    first, whole = await asked(discord, discord.direct(str(2000 + number)), f"{number} {QUESTION}")
                    firsts.append(first - WORD_TIME)
                    wholes.append(whole - model)
    print(f"one person, median of {SINGLE}: first words {median(firsts) * 1000:.0f} ms after the first token,")
    print(f"the whole answer {median(wholes) * 1000:.0f} ms after the last token")


async def bare() -> float:
    """Seconds that the model alone takes for one answer, on this machine's timers."""
    began = time.monotonic()
    for _ in range(WORDS + 3):
        await asyncio.sleep(WORD_TIME)
    return time.monotonic() - began


async def asked(discord: DiscordServer, channel: str, question: str) -> tuple[float, float]:
    """Seconds until the first words are visible, and until the whole answer is."""
    began = time.monotonic()
    discord.say(ADA, question, channel)
    await until(lambda: bool(discord.shown(channel)))
    first = time.monotonic() - began
    await until(lambda: discord.shown(channel) == [f"You said: {question}"])
    return first, time.monotonic() - began


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(crowd(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
    asyncio.run(single())

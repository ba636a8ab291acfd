"""Discord, Telegram and terminals in one process on one store, many people on each at once: who got the right answer,
when, and at what cost.

    python -m bench.platforms_load [PEOPLE]

Discord, Telegram and the model, which is asked over HTTP, are in this process; the bot is in one of its own. Each floor is
the model's time, plus one write for each person at the platform's rate.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from bench._speaking import ANSWER, WORD_TIME, WORDS, costs, repeat, settings
from tests.support.clock import until
from tests.support.completions import CompletionsServer
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import BOT as DISCORD_BOT
from tests.support.discord_world import TOKEN as DISCORD_TOKEN
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import BOT as TELEGRAM_BOT
from tests.support.telegram_world import TOKEN as TELEGRAM_TOKEN
from tests.support.tree import ROOT

PATIENCE = 60_000
"""Looks at the answers, after which the bench gives up."""
Place = TypeVar("Place")
"""How a platform names a chat."""
RATES = {"discord": 50.0, "telegram": 30.0, "terminal": float("inf")}
"""Writes a second."""


async def bench(people: int) -> None:
    async with CompletionsServer() as model, DiscordServer() as discord, TelegramServer() as telegram:
        model.plan(*[repeat] * (3 * people))
        with tempfile.TemporaryDirectory() as folder, costs() as cost:
            config = Path(folder) / "config.yaml"
            config.write_text(settings(Path(folder), model, platforms(discord, telegram)))
            async with everywhere(config, people) as bot:
                await until(lambda: discord.gateway.connected and telegram.connected, PATIENCE)
                took = await asyncio.gather(
                    on_discord(discord, people), on_telegram(telegram, people), on_terminals(bot, people)
                )
        for (platform, rate), seconds in zip(RATES.items(), took, strict=True):
            floor = WORDS * WORD_TIME + people / rate
            print(f"{platform}: {people} of {people} right, the last after {seconds:.1f} s,", end=" ")
            print(f"{seconds / floor:.2f} × the floor")
        print(f"429: {discord.statuses[429]} and {telegram.statuses[429]}; {cost}")


def platforms(discord: DiscordServer, telegram: TelegramServer) -> str:
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    return f"""
discord: {{token: "{DISCORD_TOKEN}", {urls}}}
telegram: {{token: "{TELEGRAM_TOKEN}", api_url: "{telegram.api_url}"}}
"""


@asynccontextmanager
async def everywhere(config: Path, terminals: int) -> AsyncIterator[Process]:
    command = (sys.executable, "-m", "bench._everywhere", str(config), str(terminals))
    bot = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        yield bot
        bot.terminate()
    except BaseException:
        bot.kill()
        raise
    finally:
        await bot.wait()


async def on_discord(discord: DiscordServer, people: int) -> float:
    began = time.monotonic()
    names = {discord.direct(str(1000 + number)): str(1000 + number) for number in range(people)}
    for channel, name in names.items():
        discord.say(name, f"I am {name}", channel)

    def shown() -> Mapping[str, list[str]]:
        by_bot = [message for message in discord.messages.values() if message["author"]["id"] == DISCORD_BOT]
        return grouped((message["channel_id"], message["content"]) for message in by_bot)

    return await right(shown, expected(names), began)


async def on_telegram(telegram: TelegramServer, people: int) -> float:
    began = time.monotonic()
    names = {1000 + number: str(1000 + number) for number in range(people)}
    for person, name in names.items():
        telegram.say(person, f"I am {name}")

    def shown() -> Mapping[int, list[str]]:
        every = telegram.messages.items()
        return grouped((chat, message["text"]) for (chat, _), message in every if message["from"]["id"] == TELEGRAM_BOT)

    return await right(shown, expected(names), began)


async def on_terminals(bot: Process, people: int) -> float:
    assert bot.stdin is not None
    assert bot.stdout is not None
    assert await bot.stdout.readline() == b"ready\n"
    bot.stdin.write(b"go\n")
    began = time.monotonic()
    lines = [(await bot.stdout.readline()).decode().rstrip("\n").partition("\t") for _ in range(people)]
    answers = grouped((name, answer) for name, _, answer in lines)
    assert answers == expected({name: name for name in answers})
    assert len(answers) == people
    return time.monotonic() - began


def grouped(answers: Iterable[tuple[Place, str]]) -> dict[Place, list[str]]:
    """All that stands in each place: none is there twice."""
    places: dict[Place, list[str]] = defaultdict(list)
    for place, answer in answers:
        places[place].append(answer)
    return places


def expected(names: Mapping[Place, str]) -> dict[Place, list[str]]:
    return {place: [f"{name} {ANSWER}"] for place, name in names.items()}


async def right(
    shown: Callable[[], Mapping[Place, list[str]]], answers: Mapping[Place, list[str]], began: float
) -> float:
    """Seconds since *began* when all is as it should be."""
    await until(lambda: shown() == answers, PATIENCE)
    return time.monotonic() - began


if __name__ == "__main__":
    asyncio.run(bench(int(sys.argv[1]) if len(sys.argv) > 1 else 100))

"""Many people at once on a Discord on loopback, with its rate limits: who got the right answer, when, and at what cost.

    python -m bench.discord_load [PEOPLE]

The bot is a process of its own, and processor time and memory are its alone; Discord and the model, which is asked over
HTTP, are in this one. The floor is the model's time plus one request for each person at Discord's 50 requests a second.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench._speaking import ANSWER, WORD_TIME, WORDS, measured, repeat, settings
from tests.support.clock import until
from tests.support.completions import CompletionsServer
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import BOT, GENERAL, TOKEN

MODEL_TIME = WORDS * WORD_TIME
ONE_CHANNEL = 20
"""People who ask in the same channel."""


async def direct(people: int) -> None:
    async with DiscordServer() as discord:
        channels = {person: discord.direct(person) for person in names(people)}
        await crowd("in direct messages", discord, channels, MODEL_TIME + people / 50)


async def servers(people: int) -> None:
    discord = DiscordServer()
    channels = {person: f"8{person}" for person in names(people)}
    for channel in channels.values():
        discord.channels[channel] = {**discord.channels[GENERAL], "id": channel, "name": f"room-{channel}"}
    async with discord:
        await crowd("in channels of a server", discord, channels, MODEL_TIME + people / 50)


async def one_channel() -> None:
    """One conversation of all, in which each question is answered after the one before."""
    async with DiscordServer() as discord:
        channels = dict.fromkeys(names(ONE_CHANNEL), GENERAL)
        await crowd("in one channel", discord, channels, ONE_CHANNEL * MODEL_TIME)


def names(people: int) -> list[str]:
    return [str(1000 + number) for number in range(people)]


async def crowd(where: str, discord: DiscordServer, channels: Mapping[str, str], floor: float) -> None:
    """All ask at the same moment, each in their channel. floor: seconds."""
    async with CompletionsServer() as model:
        model.plan(*[repeat] * len(channels))
        with tempfile.TemporaryDirectory() as folder:
            async with measured(configured(Path(folder), discord, model), "discord") as cost:
                await until(lambda: discord.gateway.connected, 20_000)
                took = await conversation(discord, channels)
    print(f"{len(channels)} people {where}: all right, the last after {took:.1f} s, {took / floor:.2f} × the floor")
    print(f"  429: {discord.statuses[429]}; writes: {len(discord.writes)}; at most in a second: {discord.busiest}")
    print(f"  {cost}")


async def conversation(discord: DiscordServer, channels: Mapping[str, str]) -> float:
    """Seconds until everybody has their answer, whole and once."""
    began = time.monotonic()
    said = {who: discord.say(who, f"<@{BOT}> I am {who}", channel) for who, channel in channels.items()}
    expected = {(question, f"{who} {ANSWER}") for who, question in said.items()}
    await until(lambda: len(discord.writes) >= len(expected) and answers(discord) == expected, 60_000)
    took = time.monotonic() - began
    assert len([message for message in discord.messages.values() if message["author"]["id"] == BOT]) == len(expected)
    return took


def answers(discord: DiscordServer) -> set[tuple[str, str]]:
    """The question that each message of the bot replies to, and its text."""
    shown = [message for message in discord.messages.values() if message["author"]["id"] == BOT]
    return {(message["message_reference"]["message_id"], message["content"]) for message in shown}


def configured(folder: Path, discord: DiscordServer, model: CompletionsServer) -> Path:
    config = folder / "config.yaml"
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    config.write_text(settings(folder, model, f'discord: {{token: "{TOKEN}", {urls}}}'))
    return config


async def main(people: int) -> None:
    await direct(people)
    await servers(people)
    await one_channel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))

"""The bot on Discord answers twenty people when something happens to it, and five more ask meanwhile: none is forgotten
and none is answered twice."""

from __future__ import annotations

from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bots.discord import library
from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.discord_bot import config_for, running
from tests.support.discord_gateway import INVALID, RECONNECT
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOB, BOT, GENERAL, QUIET, TOKEN

ME = f"<@{BOT}>"
PEOPLE = [str(501 + number) for number in range(20)]
WORDS = "one two three four five six seven eight nine ten eleven twelve"
PATIENCE = 20_000
"""Attempts of `until`: 40 s."""


@dataclass
class Crowd:
    """Who has asked what, where, and what must be seen there at the end."""

    discord: DiscordServer
    expected: dict[str, list[str]] = field(default_factory=dict)
    thread: str = ""

    async def warm_up(self) -> None:
        """The bot is spoken to in a thread: from then on it listens there."""
        self.thread = self.discord.thread(BOB, self.discord.say(BOB, "Look!"), "a thread")
        self.ask(BOB, "hello", self.thread, mention=True)
        await until(self.answered, PATIENCE)

    async def begin(self) -> None:
        """Twenty ask; each sees the beginning of an answer."""
        for person in PEOPLE:
            self.ask(person, f"{person} {WORDS}", self.discord.direct(person))
        await until(lambda: all(self.discord.shown(self.discord.direct(person)) for person in PEOPLE), PATIENCE)

    def go_on(self) -> None:
        """Five more ask."""
        for person in PEOPLE[:2]:
            self.ask(person, "and now?", self.discord.direct(person))
        self.ask(ADA, "in general", GENERAL, mention=True)
        self.ask(BOB, "in the quiet", QUIET, mention=True)
        self.ask(BOB, "in the thread", self.thread)

    def ask(self, person: str, text: str, channel: str, *, mention: bool = False) -> None:
        said = self.discord.say(person, f"{ME} {text}" if mention else text, channel)
        name = self.discord.messages[said]["author"]["global_name"]
        spoken = text if channel.startswith("9") else f"{name}: {text}"
        self.expected.setdefault(channel, []).append(spoken)

    def answered(self) -> bool:
        return all(self.heard(channel) == texts for channel, texts in self.expected.items())

    def heard(self, channel: str) -> list[str]:
        """What the bot repeats there of what people said, without the background that it was given in a thread."""
        return [text.removeprefix("You said: ").split("\n\n")[-1] for text in self.discord.shown(channel)]


def written(discord: DiscordServer, folder: Path) -> Path:
    config = folder / "config.yaml"
    config.write_text(
        f"store: sqlite:///{folder}/parlour.db\n"
        "models: [{id: echo, provider: scripted, extra_body: {delay: 0.1}}]\n"
        "inbox: {lease: 2s}\n"
        f'discord: {{token: "{TOKEN}", api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"}}\n'
    )
    return config


async def killed(crowd: Crowd, bot: Process) -> None:
    bot.kill()
    await bot.wait()
    crowd.go_on()


async def terminated(crowd: Crowd, bot: Process) -> None:
    bot.terminate()
    crowd.go_on()
    await bot.wait()


@pytest.mark.parametrize("end", [killed, terminated])
async def test_the_end_of_a_process_costs_nobody_an_answer(
    end: Callable[[Crowd, Process], Awaitable[None]], tmp_path: Path
) -> None:
    async with DiscordServer() as discord:
        config, crowd = written(discord, tmp_path), Crowd(discord)
        async with process(config, "discord") as first:
            await until(lambda: discord.gateway.connected, PATIENCE)
            await crowd.warm_up()
            await crowd.begin()
            await end(crowd, first)
        async with process(config, "discord"):
            await until(crowd.answered, PATIENCE)
        assert not discord.refused
        assert discord.statuses[429] == 0


async def dropped(discord: DiscordServer) -> None:
    await discord.gateway.drop()


async def told_to_reconnect(discord: DiscordServer) -> None:
    discord.gateway.order(RECONNECT)


async def invalidated(discord: DiscordServer) -> None:
    discord.gateway.order(INVALID, data=False)


async def silenced(discord: DiscordServer) -> None:
    discord.gateway.silence()


@pytest.mark.parametrize("trouble", [dropped, told_to_reconnect, invalidated, silenced])
async def test_a_lost_session_costs_nobody_an_answer(
    trouble: Callable[[DiscordServer], Awaitable[None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble is silenced:
        monkeypatch.setattr(library, "SILENCE", 0.6)
    async with DiscordServer() as discord:
        discord.gateway.interval, crowd = 200, Crowd(discord)
        async with running(discord, config_for(discord, tmp_path, model="extra_body: {delay: 0.1}")):
            await crowd.warm_up()
            await crowd.begin()
            await trouble(discord)
            crowd.go_on()
            await until(crowd.answered, PATIENCE)
        assert discord.gateway.resumed + discord.gateway.identified >= 2
        assert not discord.refused
        assert discord.statuses[429] == 0

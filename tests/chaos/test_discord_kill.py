"""The bot on Discord as a process, killed while it answers many people at once; the next one finishes what was begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import TOKEN

PEOPLE = [str(501 + number) for number in range(20)]
WORDS = "one two three four five six seven eight nine ten eleven twelve"


def written(discord: DiscordServer, folder: Path, delay: float = 0.1) -> Path:
    config = folder / "config.yaml"
    config.write_text(
        f"store: sqlite:///{folder}/parlour.db\n"
        f"models: [{{id: echo, provider: scripted, extra_body: {{delay: {delay}}}}}]\n"
        "inbox: {lease: 2s}\n"
        f'discord: {{token: "{TOKEN}", api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"}}\n'
    )
    return config


@pytest.mark.parametrize("gently", [False, True])
async def test_a_killed_process_costs_none_of_twenty_answers(gently: bool, tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        config, channels = written(discord, tmp_path), [discord.direct(person) for person in PEOPLE]
        async with process(config, "discord") as first:
            await until(lambda: discord.gateway.connected, 20_000)
            for person, channel in zip(PEOPLE, channels, strict=True):
                discord.say(person, f"{person} {WORDS}", channel)
            await until(lambda: all(discord.shown(channel) for channel in channels))
            if gently:
                first.terminate()
                await first.wait()
        async with process(config, "discord"):
            expected = [[f"You said: {person} {WORDS}"] for person in PEOPLE]
            await until(lambda: [discord.shown(channel) for channel in channels] == expected, 20_000)
        assert not discord.refused
        assert discord.statuses[429] == 0


@pytest.mark.parametrize("writes", [1, 4, 6])
async def test_an_answer_of_several_messages_killed_in_the_middle_is_whole_and_has_no_stray_part(
    writes: int, tmp_path: Path
) -> None:
    question = " ".join(f"word{number}" for number in range(700))
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        config, channel = written(discord, tmp_path, delay=0.001), discord.direct(PEOPLE[0])
        async with process(config, "discord"):
            await until(lambda: discord.gateway.connected, 20_000)
            discord.say(PEOPLE[0], question, channel)
            await until(lambda: len(discord.writes) >= writes)
        async with process(config, "discord"):
            await until(lambda: ended(discord, channel), 20_000)
        assert " ".join(discord.shown(channel)).split() == f"You said: {question}".split()
        assert not discord.refused


def ended(discord: DiscordServer, channel: str) -> bool:
    """Whether the last message has the buttons of an answer that is finished, and no other has any."""
    buttons = [list(discord.buttons(shown)) for shown in discord.by_bot(channel)]
    return bool(buttons) and buttons[-1] == ["Retry"] and not any(buttons[:-1])

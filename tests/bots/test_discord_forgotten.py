"""A message that was posted and not heard of, on a Discord that remembers no nonce any more: it is found and taken over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, Fault, creates

LONG = " ".join(f"word{number}" for number in range(700))
AFTER_ONE, AFTER_TWO = 1, 2


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        discord.nonces.seconds = 0.0
        yield discord


def whole(discord: DiscordServer, channel: str, text: str) -> bool:
    """Every word once, and buttons of an answer that is finished under the last message alone."""
    buttons = [list(discord.buttons(shown)) for shown in discord.by_bot(channel)]
    return (
        " ".join(discord.shown(channel)).split() == text.split()
        and buttons[:-1] == [[]] * (len(buttons) - 1)
        and (buttons[-1] == ["Retry"])
    )


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("delay", [0, 0.001])
async def test_each_part_of_an_answer_is_there_once(
    before: int, delay: float, discord: DiscordServer, tmp_path: Path
) -> None:
    """Written at once, so that most parts have no buttons; or word by word, so that each was the last one for a while."""
    async with bot_on(discord, tmp_path, model=f"extra_body: {{delay: {delay}}}"):
        fault = Fault(lambda method, path: creates(method, path) and len(discord.by_bot(channel)) >= before, "lost")
        discord.faults.append(fault)
        channel = discord.direct(ADA)
        discord.say(ADA, LONG, channel)
        await until(lambda: not fault.times and whole(discord, channel, f"You said: {LONG}"))
        assert not discord.refused


async def test_what_was_deleted_before_it_was_heard_of_is_said_again(discord: DiscordServer, tmp_path: Path) -> None:
    discord.nonces.seconds = 180.0
    async with bot_on(discord, tmp_path, model="extra_body: {delay: 0.02}"):
        channel = discord.direct(ADA)
        discord.faults.append(Fault(creates, "lost"))
        discord.say(ADA, LONG[:200], channel)
        await until(lambda: bool(discord.by_bot(channel)))
        discord.delete(discord.by_bot(channel)[0]["id"])
        await until(lambda: whole(discord, channel, f"You said: {LONG[:200]}"))

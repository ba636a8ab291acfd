"""Several processes, each with some of the bot's connections to Discord: what belongs to one is heard by no other."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from core.config import parse_config
from core.errors import ConfigError
from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_gateway import Session
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT, GENERAL, TOKEN

ME = f"<@{BOT}>"
FAR, FAR_CHANNEL = str(1 << 22), "460"
"""A server that lies on the second of two shards, and its channel."""
PATIENCE = 20_000


def settle_far(discord: DiscordServer) -> None:
    """There is a second server."""
    far = copy.deepcopy(discord.gateway.guilds[0])
    channel = {"id": FAR_CHANNEL, "type": 0, "name": "far", "guild_id": FAR, "position": 0}
    far |= {"id": FAR, "name": "Far", "channels": [channel], "threads": []}
    far["roles"][0]["id"] = FAR
    discord.channels[FAR_CHANNEL] = channel
    discord.gateway.guilds.append(far)


def written(discord: DiscordServer, folder: Path, shard: int) -> Path:
    config = folder / f"{shard}.yaml"
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    shards = f"{{total: 2, first: {shard}, last: {shard}}}"
    config.write_text(
        f"store: sqlite:///{folder}/parlour.db\n"
        "models: [{id: echo, provider: scripted}]\n"
        f'discord: {{token: "{TOKEN}", {urls}, shards: {shards}}}\n'
    )
    return config


async def test_two_processes_divide_the_servers_and_what_was_missed_in_them(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        settle_far(discord)
        configs = [written(discord, tmp_path, shard) for shard in (0, 1)]
        places = {discord.direct(ADA): "You said: ", GENERAL: "You said: Ada: ", FAR_CHANNEL: "You said: Ada: "}
        async with both(discord, configs):
            ask(discord, places, "first")
            await until(lambda: whole(discord, places, "first"), PATIENCE)
        ask(discord, places, "after an absence")
        before = discord.requests.copy()
        async with both(discord, configs):
            await until(lambda: whole(discord, places, "after an absence"), PATIENCE)
        looked = [f"GET /channels/{place}/messages" for place in places]
        assert {session.shard for session in sessions(discord)} == {(0, 2), (1, 2)}
        assert all(discord.requests[path] - before[path] <= 1 for path in looked)
        assert not discord.refused
        assert [len(discord.shown(place)) for place in places] == [2, 2, 2]


@asynccontextmanager
async def both(discord: DiscordServer, configs: list[Path]) -> AsyncIterator[None]:
    """What they have begun is finished at the end of the block."""
    async with AsyncExitStack() as started:
        bots = [await started.enter_async_context(process(config, "discord")) for config in configs]
        await until(lambda: sum(session.link is not None for session in sessions(discord)) == 2, PATIENCE)
        yield
        for bot in bots:
            bot.terminate()
            await bot.wait()


def ask(discord: DiscordServer, places: Iterable[str], words: str) -> None:
    for place in places:
        discord.say(ADA, f"{ME} {words}", place)


def sessions(discord: DiscordServer) -> list[Session]:
    return list(discord.gateway.sessions.values())


def whole(discord: DiscordServer, places: dict[str, str], words: str) -> bool:
    return all(discord.shown(place)[-1:] == [f"{begins}{words}"] for place, begins in places.items())


async def test_one_process_with_all_shards_says_which_and_hears_everything(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        settle_far(discord)
        async with bot_on(discord, tmp_path, "shards: {total: 2, first: 0, last: 1}") as lines:
            discord.say(ADA, f"{ME} hello", FAR_CHANNEL)
            discord.say(ADA, "hello", discord.direct(ADA))
            await until(lambda: discord.shown(FAR_CHANNEL) == ["You said: Ada: hello"], PATIENCE)
            await until(lambda: discord.shown(discord.direct(ADA)) == ["You said: hello"], PATIENCE)
            await until(lambda: lines == ["discord: parlour is here; servers: 2; shards 0 to 1 of 2"], PATIENCE)


@pytest.mark.parametrize(
    ("shards", "wrong"),
    [
        ("{total: 2, first: 0, last: 2}", "discord.shards.last: expected less than the total of 2, got 2"),
        ("{total: 4, first: 3, last: 2}", "discord.shards.first: expected at most the last, which is 2, got 3"),
    ],
)
def test_shards_that_cannot_be_are_one_sentence(shards: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong.replace(".", r"\.")):
        parse_config(f"models: [{{id: echo, provider: scripted}}]\ndiscord: {{shards: {shards}}}", {})

"""What `bots/discord/library.py` uses of discord.py's insides is there, and means what it meant."""

from __future__ import annotations

import inspect
import logging
from pathlib import Path

import discord
import pytest
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route

from bots.discord import library
from bots.discord.library import SILENCE, SOONEST, THREADS, Client, Shards, point, quiet
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT, GENERAL, GUILD


def test_requests_and_gateway_go_where_they_are_told() -> None:
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    try:
        point("http://127.0.0.1:1/api/v10/", "ws://127.0.0.1:1/gateway/")
        assert Route("GET", "/users/@me").url == "http://127.0.0.1:1/api/v10/users/@me"
        assert "DEFAULT_GATEWAY" in inspect.getsource(DiscordWebSocket.from_client)
        assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "ws://127.0.0.1:1/gateway/"
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


async def test_a_known_number_of_shards_goes_to_that_gateway() -> None:
    source = inspect.getsource(discord.AutoShardedClient.launch_shards)
    assert "if self.shard_count is None" in source
    assert "DiscordWebSocket.DEFAULT_GATEWAY" in source
    client = Client(Shards(16, 4, 7), content=True, presence="")
    assert (client.shard_count, client.shard_ids) == (16, [4, 5, 6, 7])


async def test_a_connection_that_says_nothing_is_given_up() -> None:
    assert Client(Shards(1, 0, 0), content=True, presence="")._connection.heartbeat_timeout == SILENCE
    assert "_last_recv + self.heartbeat_timeout" in inspect.getsource(KeepAliveHandler.run)
    assert "KeepAliveHandler(ws=self, interval=interval" in inspect.getsource(DiscordWebSocket.received_message)


async def test_where_heartbeats_are_wanted_oftener_silence_is_understood_sooner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "SOONEST", 0.3)
    async with DiscordServer() as discord:
        discord.gateway.interval = 200
        async with bot_on(discord, tmp_path):
            discord.gateway.silence()
            await until(lambda: discord.gateway.resumed == 1)
            discord.say(ADA, f"<@{BOT}> still there?")
            await until(lambda: discord.shown() == ["You said: Ada: still there?"])


def test_the_library_may_pause_before_a_session_without_being_taken_for_silent() -> None:
    assert "asyncio.sleep(5.0)" in inspect.getsource(discord.Client.before_identify_hook)
    assert SOONEST > 5.0


async def test_messages_and_threads_are_made_of_what_requests_give() -> None:
    client = Client(Shards(1, 0, 0), content=True, presence="")
    author = {"id": "1", "username": "ada", "discriminator": "0", "avatar": None}
    data = {
        "id": "7",
        "channel_id": "5",
        "author": author,
        "content": "hello",
        "timestamp": "2026-01-01T00:00:00+00:00",
    }
    lists: dict[str, list[str]] = {"mentions": [], "mention_roles": [], "attachments": [], "embeds": []}
    flags = {"edited_timestamp": None, "tts": False, "mention_everyone": False, "pinned": False, "type": 0}
    message = client.message(client.get_partial_messageable(5), {**data, **lists, **flags})
    assert (message.id, message.content, message.channel.id) == (7, "hello", 5)
    assert client.thread(300, {"id": "5", "type": 11, "parent_id": "4"}) is None, "its server is not known"
    assert {10, 11, 12} == THREADS


async def test_the_tasks_that_wait_for_servers_are_where_they_are_looked_for() -> None:
    client = Client(Shards(1, 0, 0), content=True, presence="here")
    assert client._connection._ready_task is None
    assert client._connection._ready_tasks == {}


async def test_the_content_of_messages_is_asked_for_only_where_it_is_allowed() -> None:
    for content in (True, False):
        client = Client(Shards(1, 0, 0), content=content, presence="")
        assert client.intents.message_content is content
        assert not client.intents.members
        assert not client.intents.presences


async def test_an_event_that_cannot_be_read_costs_neither_the_session_nor_what_follows(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        for event in ("THREAD_CREATE", "GUILD_CREATE", "MESSAGE_UPDATE", "INTERACTION_CREATE", "CHANNEL_UPDATE"):
            discord.gateway.dispatch(event, {"id": "7", "guild_id": GUILD, "channel_id": GENERAL})
        discord.say(ADA, f"<@{BOT}> still there?")
        await until(lambda: discord.shown() == ["You said: Ada: still there?"])
        assert discord.gateway.identified == 1


async def test_what_the_gateway_tells_is_read_where_it_is_looked_for() -> None:
    client = Client(Shards(1, 0, 0), content=True, presence="")
    assert {"READY", "MESSAGE_CREATE", "GUILD_CREATE"} <= client._connection.parsers.keys()
    assert "_discord_parsers = client._connection.parsers" in inspect.getsource(DiscordWebSocket.from_client)


def test_a_connection_that_broke_is_one_line_for_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    quiet()
    log = logging.getLogger("discord.shard")
    assert log.name == discord.shard.__name__
    log.error("Attempting a reconnect in %.2fs", 1.5, exc_info=OSError("gone"))
    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("Attempting a reconnect in 1.50s: OSError('gone')", None)
    ]

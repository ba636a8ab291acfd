"""What `bots/discord/library.py` uses of discord.py's insides is there, and means what it meant."""

from __future__ import annotations

import inspect

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.discord.library import Client, point


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


async def test_the_tasks_that_wait_for_servers_are_where_they_are_looked_for() -> None:
    client = Client(1, content=True, presence="here")
    assert client._connection._ready_task is None
    assert client._connection._ready_tasks == {}


async def test_the_content_of_messages_is_asked_for_only_where_it_is_allowed() -> None:
    for content in (True, False):
        client = Client(1, content=content, presence="")
        assert client.intents.message_content is content
        assert not client.intents.members
        assert not client.intents.presences

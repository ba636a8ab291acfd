"""Requests that Discord counts together."""

from __future__ import annotations

from pathlib import Path

from bots.discord.buckets import Buckets, beside
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT, GENERAL


def test_routes_with_one_name_are_one_bucket_in_each_channel() -> None:
    buckets = Buckets()
    assert buckets.learn("discord:1 POST", "abc")
    assert not buckets.learn("discord:2 POST", "abc")
    assert buckets.learn("discord:1 PATCH", "abc")
    assert buckets.name("discord:1 POST") == buckets.name("discord:1 PATCH") == "discord:1 abc"
    assert buckets.name("discord:2 PATCH") == "discord:2 abc"
    assert buckets.name("discord:interaction/2 PATCH") == "discord:interaction/2 PATCH"
    assert buckets.name("discord:1 GET") == "discord:1 GET"
    assert not buckets.learn("discord:1 GET", "")


def test_edits_count_with_creates_until_they_are_known_not_to() -> None:
    buckets = Buckets()
    buckets.learn("discord:1 POST", "creates")
    assert buckets.name("discord:1 PATCH") == "discord:1 creates"
    assert buckets.name("discord:1 DELETE") == "discord:1 DELETE"
    buckets.learn("discord:1 PATCH", "edits")
    assert buckets.name("discord:1 PATCH") == "discord:1 edits"
    assert buckets.name("discord:1 POST") == "discord:1 creates"


def test_a_name_that_changes_is_followed() -> None:
    buckets = Buckets()
    buckets.learn("discord:1 POST", "old")
    assert buckets.learn("discord:1 POST", "new")
    assert buckets.name("discord:2 POST") == "discord:2 new"


def test_what_is_asked_beside_the_answers_counts_by_what_it_asks_for() -> None:
    one, other = beside("7", "GET", "/channels/7/messages?after=1"), beside("7", "GET", "/channels/7")
    assert one.chat == other.chat == "discord:7"
    assert one.bucket != other.bucket
    assert one == beside("7", "GET", "/channels/7/messages?after=100")


async def test_creates_and_edits_that_share_a_bucket_are_never_too_many(tmp_path: Path) -> None:
    channels = f"channels: {{{GENERAL}: {{scope: member}}}}"
    delay = "extra_body: {delay: 0.02}"
    async with DiscordServer(one_bucket=True) as discord, bot_on(discord, tmp_path, channels, delay):
        discord.say(ADA, f"<@{BOT}> I am the first")
        await until(lambda: any("Retry" in discord.buttons(shown) for shown in discord.by_bot()))
        for number in range(6):
            discord.say(str(501 + number), f"<@{BOT}> I am number {number}")
        expected = ["You said: I am the first", *(f"You said: I am number {number}" for number in range(6))]
        await until(lambda: sorted(discord.shown()) == sorted(expected), 20_000)
        assert discord.statuses[429] == 0

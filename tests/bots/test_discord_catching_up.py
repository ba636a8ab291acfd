"""What was said to the bot on Discord while it was away, against a Discord on loopback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bots.discord.translate import LANE
from core.clock import SystemClock
from core.stores.opening import open_store
from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_gateway import INVALID
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOB, BOT, GENERAL, QUIET

ME = f"<@{BOT}>"
DAY_MS = 86_400_000
DONE = "discord.caught_up"
"""What the log says when everything was looked through."""
Log = Callable[[], str]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    """What was logged so far."""
    said: list[str] = []

    def logged() -> str:
        said.append(capsys.readouterr().out)
        return "".join(said)

    return logged


async def greeted(discord: DiscordServer, channel: str, person: str = ADA) -> None:
    """Somebody spoke to the bot there, and had an answer."""
    discord.say(person, f"{ME} hello", channel)
    await until(lambda: answered(discord, channel))


def answered(discord: DiscordServer, channel: str) -> bool:
    """Whether the bot's last message there is a whole answer."""
    return any("Retry" in discord.buttons(shown) for shown in discord.by_bot(channel)[-1:])


def archive(discord: DiscordServer, thread: str) -> None:
    """It is not in use any more: the gateway does not name it to new sessions."""
    found = discord.channels[thread]
    found["thread_metadata"]["archived"] = True
    discord.gateway.guilds[0]["threads"].remove(found)
    discord.gateway.dispatch("THREAD_UPDATE", found)


async def test_direct_messages_are_answered_after_an_absence_however_many(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        channel = discord.direct(ADA)
        async with bot_on(discord, tmp_path):
            await greeted(discord, channel)
        for number in range(130):
            discord.say(ADA, f"question {number}", channel)
        async with bot_on(discord, tmp_path):
            expected = [f"You said: question {number}" for number in range(130)]
            await until(lambda: discord.shown(channel)[1:] == expected, 20_000)
        assert not discord.refused


async def test_a_thread_that_was_archived_meanwhile_is_looked_through(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        async with bot_on(discord, tmp_path):
            thread = discord.thread(BOB, discord.say(BOB, "Look!"), "look")
            await greeted(discord, thread)
        discord.say(BOB, "without a mention, as it goes on", thread)
        archive(discord, thread)
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.shown(thread)[1:] == ["You said: Bob: without a mention, as it goes on"])


async def test_a_thread_that_was_just_opened_is_looked_through_also_where_the_gateway_does_not_name_it(
    tmp_path: Path,
) -> None:
    async with DiscordServer() as discord:
        async with bot_on(discord, tmp_path, "scope: thread"):
            thread = discord.say(BOB, f"{ME} hello", GENERAL)
            await until(lambda: thread in discord.channels and answered(discord, thread))
        discord.say(BOB, "and how are you?", thread)
        discord.gateway.guilds[0]["threads"].clear()
        async with bot_on(discord, tmp_path, "scope: thread"):
            await until(lambda: discord.shown(thread)[1:] == ["You said: Bob: and how are you?"])


async def test_a_reply_to_the_bot_is_known_as_one_after_an_absence(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        async with bot_on(discord, tmp_path):
            await greeted(discord, GENERAL)
        answer = {"message_id": discord.by_bot()[0]["id"], "channel_id": GENERAL}
        discord.say(BOB, "a reply", message_reference=answer)
        discord.say(BOB, "no reply")
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.shown()[1:] == ["You said: Bob: a reply"])


async def test_what_was_edited_meanwhile_is_asked_again_and_what_was_deleted_is_gone(tmp_path: Path, log: Log) -> None:
    async with DiscordServer() as discord:
        channel = discord.direct(ADA)
        async with bot_on(discord, tmp_path):
            first = discord.say(ADA, "the first", channel)
            await until(lambda: discord.shown(channel) == ["You said: the first"])
        discord.edit(first, "the second")
        discord.delete(discord.say(ADA, "never mind", channel))
        twice = discord.say(ADA, "sent", channel)
        discord.edit(twice, "sent and edited")
        answers = ["You said: the second", "You said: sent and edited"]
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.shown(channel) == answers)
            await until(lambda: answered(discord, channel))
        before = len(discord.writes)
        async with bot_on(discord, tmp_path):
            await looked(discord, log)
        # An answer whose end was not heard of may be written once more, as a whole; who asks again writes drafts.
        here = {shown["id"] for shown in discord.by_bot(channel)}
        assert {text for _, message, text in discord.writes[before:] if message in here} <= set(answers)


async def looked(discord: DiscordServer, log: Log) -> None:
    """The bot has looked for what it missed, and has had time to do something about it."""
    before = log().count(DONE)
    await until(lambda: log().count(DONE) > before)
    direct = discord.direct(BOB)
    ended = discord.say(BOB, "is it over?", direct)
    await until(lambda: any(shown["message_reference"]["message_id"] == ended for shown in discord.by_bot(direct)))


async def test_what_is_too_old_gets_an_apology_once_and_what_is_a_week_old_none(tmp_path: Path, log: Log) -> None:
    async with DiscordServer() as discord:
        channel = discord.direct(ADA)
        async with open_store(f"sqlite:///{tmp_path}/parlour.db", SystemClock()) as store:
            await store.note(LANE, f"@me/{channel}", ago(discord, 20 * DAY_MS))
        discord.say(ADA, "last week", channel, id=str(ago(discord, 8 * DAY_MS)))
        discord.say(ADA, "yesterday", channel, id=str(ago(discord, DAY_MS)))
        apology = say(Sentence.MESSAGE_TOO_OLD, "en")
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.shown(channel) == [apology])
        async with bot_on(discord, tmp_path):
            await looked(discord, log)
        assert discord.shown(channel) == [apology]


def ago(discord: DiscordServer, milliseconds: int) -> int:
    """The id of a message that was written so long ago."""
    now = int(discord.messages[discord.say(BOB, "now", QUIET)]["id"])
    return now - (milliseconds << 22)


async def test_a_lost_session_costs_no_direct_message_and_no_thread(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        channel = discord.direct(ADA)
        thread = discord.thread(BOB, discord.say(BOB, "Look!"), "look")
        await greeted(discord, channel)
        await greeted(discord, thread)
        discord.gateway.order(INVALID, data=False)
        discord.say(ADA, "in between", channel)
        discord.say(ADA, "in between", thread)
        discord.say(BOB, f"{ME} in between", QUIET)
        await until(lambda: discord.gateway.identified == 2)
        places = {
            channel: "You said: in between",
            thread: "You said: Ada: in between",
            QUIET: "You said: Bob: in between",
        }
        await until(lambda: all(discord.shown(place)[-1:] == [text] for place, text in places.items()))


async def test_a_channel_that_is_gone_costs_the_others_nothing(tmp_path: Path, log: Log) -> None:
    async with DiscordServer() as discord:
        channel = discord.direct(ADA)
        async with bot_on(discord, tmp_path):
            thread = discord.thread(BOB, discord.say(BOB, "Look!"), "look")
            await greeted(discord, thread)
            await greeted(discord, channel)
        archive(discord, thread)
        del discord.channels[thread]
        discord.say(BOB, "hi", odd := discord.direct(BOB), attachments=[{}])
        async with open_store(f"sqlite:///{tmp_path}/parlour.db", SystemClock()) as store:
            await store.note(LANE, f"@me/{odd}", 1)
        discord.say(ADA, "still there?", channel)
        async with bot_on(discord, tmp_path):
            await looked(discord, log)
            await until(lambda: discord.shown(channel)[1:] == ["You said: still there?"])
        assert log().count("discord.not_caught_up") == 2

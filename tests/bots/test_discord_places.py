"""Where the bot answers on Discord and what the model knows there, against a Discord on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_threads import CREATE_PUBLIC_THREADS, archive
from tests.support.discord_world import ADA, BOB, BOT, CLOSED, GENERAL, GUILD, QUIET, SEND_MESSAGES, Fault

ME = f"<@{BOT}>"
IN_THREADS = f"servers: {{{GUILD}: {{scope: thread}}}}"


async def test_a_mention_opens_a_thread_in_which_nobody_needs_to_be_mentioned(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, IN_THREADS):
        thread = discord.say(ADA, f"{ME} what is the capital\nof France?")
        await until(lambda: discord.shown(thread) == ["You said: Ada: what is the capital\nof France?"])
        assert discord.channels[thread]["name"] == "what is the capital of France?"
        discord.say(BOB, "and of Italy?", thread)
        await until(lambda: discord.shown(thread)[1:] == ["You said: Bob: and of Italy?"])
        asked = discord.slash(ADA, "context", thread)
        await until(lambda: asked in discord.callbacks)
        assert "capital" in discord.callbacks[asked]["data"]["content"]
        assert discord.shown() == []
        assert not discord.refused


async def test_where_everything_is_answered_each_message_opens_a_thread(tmp_path: Path) -> None:
    both = f"channels: {{{QUIET}: {{scope: thread, always: true}}}}"
    async with DiscordServer() as discord, bot_on(discord, tmp_path, both):
        first, second = discord.say(ADA, "one", QUIET), discord.say(BOB, "two", QUIET)
        await until(
            lambda: discord.shown(first) + discord.shown(second) == ["You said: Ada: one", "You said: Bob: two"]
        )


async def test_what_is_deleted_in_a_thread_before_its_answer_is_withdrawn(tmp_path: Path) -> None:
    slow = "extra_body: {delay: 0.02}"
    async with DiscordServer() as discord, bot_on(discord, tmp_path, IN_THREADS, model=slow):
        thread = discord.say(ADA, f"{ME} one two three four five six seven eight nine ten")
        await until(lambda: bool(discord.shown(thread)))
        never_mind = discord.say(ADA, "never mind", thread)
        discord.delete(never_mind)
        discord.say(ADA, "and then?", thread)
        await until(lambda: discord.shown(thread)[1:] == ["You said: Ada: and then?"])


async def test_a_follow_up_in_a_thread_is_heard_before_the_first_answer_is_there(tmp_path: Path) -> None:
    slow = "extra_body: {delay: 0.02}"
    async with DiscordServer() as discord, bot_on(discord, tmp_path, IN_THREADS, model=slow):
        thread = discord.say(ADA, f"{ME} one two three four five six seven eight nine ten")
        await until(lambda: thread in discord.channels)
        discord.say(ADA, "and then?", thread)
        await until(lambda: discord.shown(thread)[1:] == ["You said: Ada: and then?"])


async def test_a_question_in_the_channel_is_edited_and_its_answer_in_the_thread(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, IN_THREADS):
        thread = discord.say(ADA, f"{ME} the first")
        await until(lambda: discord.shown(thread) == ["You said: Ada: the first"])
        discord.edit(thread, f"{ME} the second")
        await until(lambda: discord.shown(thread) == ["You said: Ada: the second"])


async def test_where_no_thread_may_be_opened_the_answer_comes_in_place(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        discord.forbid(QUIET, CREATE_PUBLIC_THREADS)
        async with bot_on(discord, tmp_path, IN_THREADS):
            discord.say(ADA, f"{ME} hello", QUIET)
            await until(lambda: discord.shown(QUIET) == ["You said: Ada: hello"])
            discord.forbid(GENERAL, CREATE_PUBLIC_THREADS)  # the bot has not heard of it
            discord.say(ADA, f"{ME} hello")
            await until(lambda: discord.shown() == ["You said: Ada: hello"])
        assert [problem["code"] for problem in discord.refused] == [50013]


async def test_an_answer_in_a_thread_goes_on_after_a_restart_in_the_message_that_is_there(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        async with bot_on(discord, tmp_path, IN_THREADS, model="extra_body: {delay: 0.05}"):
            thread = discord.say(ADA, f"{ME} one two three four five six seven eight")
            await until(lambda: any("three" in text for text in discord.shown(thread)))
        async with bot_on(discord, tmp_path, IN_THREADS):
            await until(lambda: discord.shown(thread) == ["You said: Ada: one two three four five six seven eight"])
        assert not discord.refused


async def test_a_thread_that_was_opened_just_before_the_kill_is_used(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        thread = discord.say(ADA, f"{ME} hello")
        discord.thread(BOB, thread, "opened by somebody else")
        async with bot_on(discord, tmp_path, IN_THREADS):
            await until(lambda: discord.shown(thread) == ["You said: Ada: hello"])
        assert [problem["code"] for problem in discord.refused] == [160004]


async def test_many_threads_at_once_are_opened_no_faster_than_discord_allows(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=20, route_window=1.0) as discord, bot_on(discord, tmp_path, IN_THREADS):
        asked = {discord.say(str(501 + number), f"{ME} I am {number}"): number for number in range(40)}
        await until(
            lambda: all(
                [text.rpartition(": ")[2] for text in discord.shown(thread)] == [f"I am {number}"]
                for thread, number in asked.items()
            )
        )
        assert discord.statuses[429] == 0


async def test_the_thread_of_a_question_that_was_edited_meanwhile_asks_nothing_again(tmp_path: Path) -> None:
    slow = "extra_body: {delay: 0.02}"
    async with DiscordServer(route_limit=1000) as discord:
        thread = discord.say(ADA, f"{ME} one two three four five six seven")
        discord.edit(thread, f"{ME} one two three four five six seven eight")
        async with bot_on(discord, tmp_path, IN_THREADS, model=slow):
            await until(lambda: discord.shown(thread) == ["You said: Ada: one two three four five six seven eight"])
            discord.say(ADA, "and then?", thread)
            await until(lambda: discord.shown(thread)[1:] == ["You said: Ada: and then?"])
        first = discord.by_bot(thread)[0]["id"]
        lengths = [len(text) for _, id_, text in discord.writes if id_ == first]
        assert lengths == sorted(lengths)


@pytest.mark.parametrize("kind", [429, 502, "reset", "lost"])
async def test_a_thread_whose_opening_fails_is_opened_all_the_same(kind: int | str, tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, IN_THREADS):
        discord.faults.append(Fault(lambda _method, path: path.endswith("/threads"), kind, times=2))
        thread = discord.say(ADA, f"{ME} hello")
        await until(lambda: discord.shown(thread) == ["You said: Ada: hello"])
        assert discord.shown() == []


async def test_a_thread_needs_a_name_whatever_the_question_is(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, IN_THREADS):
        threads = [discord.say(ADA, text) for text in (ME, f"{ME} {'🏳️‍🌈' * 90}", f"{ME} {'word ' * 90}")]
        await until(lambda: all(discord.shown(thread) for thread in threads))
        names = [discord.channels[thread]["name"] for thread in threads]
        assert names[0] == "Ada"
        assert names[1].endswith("🏳️‍🌈…")
        assert names[2].endswith("word…")
        assert not discord.refused


async def test_a_thread_that_was_put_away_is_brought_back_for_an_edit(tmp_path: Path) -> None:
    slow = "extra_body: {delay: 0.05}"
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path, IN_THREADS, model=slow):
        thread = discord.say(ADA, f"{ME} one two three four five six seven eight")
        await until(lambda: any("three" in text for text in discord.shown(thread)))
        archive(discord, thread)
        await until(lambda: discord.shown(thread) == ["You said: Ada: one two three four five six seven eight"])


async def test_what_is_said_in_a_thread_that_was_archived_is_heard(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        async with bot_on(discord, tmp_path):
            thread = discord.thread(BOB, discord.say(BOB, "the moon"), "the moon")
            discord.say(ADA, f"{ME} hello", thread)
            await until(lambda: any("Ada: hello" in text for text in discord.shown(thread)))
        archive(discord, thread)
        reading = f"GET /channels/{thread}/messages"
        before = discord.requests[reading]
        async with bot_on(discord, tmp_path):
            await until(lambda: discord.requests[reading] > before)  # what was missed is looked for, and nothing was
            discord.say(ADA, "and then?", thread)
            await until(lambda: discord.shown(thread)[1:] == ["You said: Ada: and then?"])


async def test_who_is_refused_hears_it_once_also_after_a_restart(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        channel = discord.direct(ADA)
        sentence = say(Sentence.DISCORD_CANNOT_WRITE, "en", channel=f"<#{CLOSED}>")
        async with bot_on(discord, tmp_path):
            discord.say(ADA, f"{ME} hello", CLOSED)
            await until(lambda: discord.shown(channel) == [sentence])
        async with bot_on(discord, tmp_path):
            discord.say(ADA, f"{ME} hello?", CLOSED)
            await until(lambda: discord.requests[f"GET /channels/{channel}/messages"] == 2)
            discord.say(ADA, "the end", channel)
            await until(lambda: discord.shown(channel) == [sentence, "You said: the end"])


async def test_who_takes_no_direct_messages_sees_a_reaction(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.reserved.add(ADA)
        asked = discord.say(ADA, f"{ME} hello", CLOSED)
        await until(lambda: discord.reactions == [(asked, "\N{SPEAK-NO-EVIL MONKEY}")])


async def test_a_permission_lost_in_the_middle_ends_the_turn_and_the_asker_hears_why(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, model="extra_body: {delay: 0.004}"):
        discord.say(ADA, f"{ME} {'word ' * 450}")
        await until(lambda: len(discord.shown()) == 1)
        discord.forbid(GENERAL, SEND_MESSAGES)
        channel = discord.direct(ADA)
        sentence = say(Sentence.DISCORD_CANNOT_WRITE, "en", channel=f"<#{GENERAL}>")
        await until(lambda: discord.shown(channel) == [sentence])
        before = discord.requests[f"POST /channels/{GENERAL}/messages"]
        discord.say(ADA, "still here", channel)
        await until(lambda: discord.shown(channel)[1:] == ["You said: still here"])
        assert discord.requests[f"POST /channels/{GENERAL}/messages"] == before

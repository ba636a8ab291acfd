"""/budget, /privacy and /forget: what may still be used, what is kept, and getting rid of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core.conversations.access import Access
from core.conversations.keeping import Keeping, privacy_text
from core.domain import ConversationId, Ref
from core.domain_limits import Whose
from core.errors import BadArgument, NotAllowed
from core.limits.allowances import Allowance, SpendingPolicy
from core.limits.rates import Rate
from core.limits.throttling import ThrottlePolicy
from tests.core.test_budgets import limited
from tests.support.bot import CHAT, Bot, open_bot
from tests.support.clock import ManualClock

SECRET = "my diary of the year"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with open_bot(tmp_path, ManualClock()) as bot:
        yield bot


async def test_budget_says_that_nothing_is_limited(bot: Bot) -> None:
    assert (await bot.run("/budget")).text == "Nothing is limited here."


async def test_budget_tells_what_is_used_of_each_limit(tmp_path: Path) -> None:
    policy = SpendingPolicy({Whose.USER: Allowance(tokens=5000), Whose.TOTAL: Allowance(month=2_000_000_000)})
    async with open_bot(tmp_path, ManualClock(), equip=limited(policy)) as bot:
        await bot.tell("Hello")
        usage = (await bot.store.usage(CHAT)).total
        assert (await bot.run("/budget")).text.splitlines() == [
            f"You: {usage.prompt + usage.completion} tokens of 5,000 tokens used, until 2027-01-16 00:00 UTC.",
            "Everybody together: < $0.0001 of $2.00 used, until 2027-02-01 00:00 UTC.",
        ]
        assert "您：已用" in (await bot.run("/budget", language="zh")).text


async def test_budget_tells_how_many_questions_are_left_and_takes_none(tmp_path: Path) -> None:
    clock, often = ManualClock(), ThrottlePolicy({Whose.USER: Rate(2 / 600, 2), Whose.TOTAL: Rate(1, 60)})
    async with open_bot(tmp_path, clock, equip=limited(SpendingPolicy(), often)) as bot:
        told = [(await bot.run("/budget")).text.splitlines() for _ in range(2)]
        assert told == [["You: 2 of 2 questions left.", "Everybody together: 60 of 60 questions left."]] * 2
        await bot.tell("Hello")
        assert (await bot.run("/budget")).text.startswith(
            "You: 1 of 2 questions left, all of them again from 2027-01-15 08:06 UTC.\nEverybody together: 59"
        )
        await bot.tell("Hello")
        none = (
            "none of 2 questions left, the next one from 2027-01-15 08:06 UTC, all of them from 2027-01-15 08:11 UTC."
        )
        assert (await bot.run("/budget")).text.startswith(f"You: {none}\n")
        assert "2027-01-15 08:06 UTC 起可再问一次" in (await bot.run("/budget", language="zh")).text


async def test_budget_says_nothing_of_limits_that_do_not_hold_for_an_admin(tmp_path: Path) -> None:
    often = ThrottlePolicy({Whose.USER: Rate(1, 1)}, frozenset({"test:ada"}))
    async with open_bot(tmp_path, ManualClock(), equip=limited(SpendingPolicy(), often)) as bot:
        assert (await bot.run("/budget")).text == "Nothing is limited here."


async def test_privacy_tells_what_becomes_of_what_is_said(bot: Bot) -> None:
    await bot.run("/model beta")
    text = (await bot.run("/privacy")).text
    for part in ("30 days", "encrypted", "the model beta", "/export", "/forget"):
        assert part in text


def test_what_is_kept_for_ever_and_in_the_clear_is_not_called_otherwise() -> None:
    text = privacy_text(Keeping(), "alpha", "", "en")
    assert "until it is deleted" in text
    assert "encrypted" not in text
    assert "check" not in text


@pytest.mark.parametrize(
    ("ttl", "told", "in_chinese"),
    [
        (60.0, "kept for 1 minute after", "1 分钟"),
        (90 * 60.0, "kept for 1.5 hours after", "1.5 小时"),
        (86_400.0, "kept for 1 day after", "1 天"),
        (3 * 365 * 86_400.0, "kept for 1095 days after", "1095 天"),
    ],
)
def test_how_long_it_is_kept_is_told_as_people_say_it(ttl: float, told: str, in_chinese: str) -> None:
    assert told in privacy_text(Keeping(ttl), "alpha", "", "en")
    assert in_chinese in privacy_text(Keeping(ttl), "alpha", "", "zh")


def test_who_checks_what_is_said_is_named() -> None:
    assert "it is sent to openai too" in privacy_text(Keeping(), "alpha", "openai", "en")


async def test_forget_asks_before_it_deletes(bot: Bot) -> None:
    await bot.tell(SECRET)
    asked = await bot.run("/forget")
    assert [choice.value for choice in asked.choices] == ["conversation", "me"]
    assert await bot.context() == [SECRET, f"You said: {SECRET}"]


async def test_forget_leaves_nothing_of_the_conversation_in_any_byte_of_the_store(tmp_path: Path) -> None:
    async with open_bot(tmp_path, ManualClock()) as bot:
        await bot.tell(SECRET)
        await bot.store.put(bot.incoming(SECRET))
        done = await bot.run("/forget conversation")
        assert "entries are deleted" in done.text
        assert done.removed
        assert await bot.context() == []
        assert (await bot.store.depth()).queued == 0
    assert SECRET.encode() not in kept(tmp_path)


def kept(folder: Path) -> bytes:
    """Everything that is in the store's files."""
    with closing(sqlite3.connect(folder / "parlour.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return b"".join(file.read_bytes() for file in folder.iterdir())


@pytest.mark.parametrize("begun", ["m", "c", "conv"])
async def test_what_is_to_be_deleted_is_said_in_full(begun: str, bot: Bot) -> None:
    await bot.tell(SECRET)
    with pytest.raises(BadArgument):
        await bot.run(f"/forget {begun}")
    assert await bot.context()


async def test_what_several_people_said_only_an_admin_forgets(tmp_path: Path) -> None:
    access = Access(admins=frozenset({"test:bob"}))
    async with open_bot(tmp_path, ManualClock(), access) as bot:
        await bot.tell(SECRET)
        shared = replace(bot.incoming(), author="Ada")
        with pytest.raises(NotAllowed):
            await bot.commands.run("forget", "conversation", shared)
        assert await bot.context()
        await bot.commands.run("forget", "conversation", replace(bot.incoming(person="test:bob"), author="Bob"))
        assert not await bot.context()


async def test_who_may_not_delete_what_others_said_is_offered_their_own(bot: Bot) -> None:
    asked = await bot.commands.run("forget", "", replace(bot.incoming(), author="Ada"))
    assert [choice.value for choice in asked.choices] == ["me"]
    assert "/forget me" in asked.text


async def test_forget_me_deletes_what_a_person_said_wherever_that_was(bot: Bot) -> None:
    await bot.tell(SECRET)
    elsewhere = replace(bot.incoming(SECRET), conversation=ConversationId("test:2"))
    await bot.store.put(elsewhere)
    await bot.answer()
    done = await bot.run("/forget me")
    assert "entries are deleted" in done.text
    assert (done.removed, done.forgotten) == (True, True)
    assert await bot.store.voices(elsewhere.sender.id) == ()
    assert await bot.context() == []


async def test_what_others_go_on_with_says_in_ones_language_that_something_was_deleted(bot: Bot) -> None:
    await bot.tell(SECRET)
    await bot.store.put(bot.incoming("What did she say?", "test:bob"))
    await bot.answer()
    await bot.run("/forget me", language="zh")
    assert await bot.context() == ["[此消息已被删除。]"] * 2 + ["What did she say?", "You said: What did she say?"]


async def test_export_me_is_everything_about_a_person_and_nobody_else(bot: Bot) -> None:
    await bot.tell(SECRET)
    await bot.store.put(bot.incoming("Bob asks", "test:bob"))
    await bot.answer()
    await bot.store.put(replace(bot.incoming("Ada waits"), conversation=ConversationId("test:2")))
    await bot.store.shelve(bot.incoming().sender.id, CHAT, "her title")
    given = await bot.run("/export me")
    (document,) = given.documents
    assert given.private
    assert "2 conversations, 2 messages" in given.text
    told = json.loads(document.content)
    assert [one["conversation"] for one in told["conversations"]] == [CHAT, "test:2"]
    shared, alone = told["conversations"]
    assert (shared["shared"], alone["shared"]) == (True, False)
    assert [message["parts"][0]["text"] for message in shared["messages"]] == [SECRET, f"You said: {SECRET}"]
    assert [turn["parts"][0]["text"] for turn in alone["unanswered"]] == ["Ada waits"]
    assert told["shelf"][0]["title"] == "her title"
    assert "Bob asks" not in document.content.decode()


async def test_export_me_leaves_out_what_others_ask_about_ones_question(bot: Bot) -> None:
    asked = replace(bot.incoming(SECRET), ref=Ref("test:m1"))
    await bot.store.put(asked)
    await bot.answer()
    await bot.store.put(replace(bot.incoming("Bob replies to it", "test:bob"), reply_to=asked.ref))
    await bot.answer()
    (document,) = (await bot.run("/export me")).documents
    (shared,) = json.loads(document.content)["conversations"]
    assert [message["parts"][0]["text"] for message in shared["messages"]] == [SECRET, f"You said: {SECRET}"]


async def test_who_said_nothing_has_nothing_to_export(bot: Bot) -> None:
    assert (await bot.run("/export me")).text == "There is nothing to export yet."

"""What /stats tells: who asks how much, what it costs, and how much waits, over all processes on the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.conversations.access import Access
from core.domain import ConversationId, Usage
from core.domain_limits import Tally, day_of
from core.errors import ModelKeyRefused, NotAllowed
from core.llm.scripted import Script
from tests.support.bot import Bot, open_bot
from tests.support.clock import ManualClock

DAY = 86_400.0
ROOT = "web:root"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with open_bot(tmp_path, ManualClock(), Access(admins=frozenset({ROOT}))) as bot:
        yield bot


async def stats(bot: Bot) -> list[str]:
    return (await bot.run("/stats", person=ROOT)).text.splitlines()


async def ask(bot: Bot, person: str, chat: str = "test:1") -> None:
    await bot.store.put(replace(bot.incoming("Hello", person=person), conversation=ConversationId(chat)))
    await bot.answer()


async def test_before_anybody_asked_there_is_nothing_to_count(bot: Bot) -> None:
    assert await stats(bot) == [
        "Questions: 0 waiting, 0 being answered, 0 set aside.",
        "People who asked: 0 today, 0 in 30 days.",
        "Chats they asked in: 0 today, 0 in 30 days.",
        "Today (UTC): 0 answers, 0 errors; 0 tokens read (0 % from the cache), 0 written, $0.00.",
        f"Parlour 1.2.3, running since {day_of(bot.clock.now())} {_time(bot)} UTC.",
    ]


def _time(bot: Bot) -> str:
    seconds = int(bot.clock.now() % DAY)
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


async def test_answers_errors_people_and_chats_are_counted_by_day(bot: Bot) -> None:
    assert isinstance(bot.clock, ManualClock)
    await ask(bot, "web:ada")
    bot.clock.leap(2 * DAY)
    await ask(bot, "web:ada")
    await ask(bot, "web:ada", "test:2")
    await ask(bot, "web:bob", "test:2")
    await bot.tell("Hello", Script(refusal=ModelKeyRefused("401")))
    await bot.store.put(bot.incoming("Later"))
    lines = await stats(bot)
    assert lines[0].startswith("Questions: 1 waiting")
    assert lines[1:3] == ["People who asked: 3 today, 3 in 30 days.", "Chats they asked in: 2 today, 2 in 30 days."]
    assert lines[3].startswith("Today (UTC): 3 answers, 1 error; ")
    assert lines[4].startswith("alpha: ")


async def test_costs_are_told_by_model_for_the_day_and_the_month(bot: Bot) -> None:
    today, cent = day_of(bot.clock.now()), 10_000_000
    first = f"{today[:7]}-01"
    for day, model, cents in ((today, "small", 1), (first, "large", 50), (first, "large", 25)):
        usage = Usage(prompt=1000, cached=500, completion=10, cost=cents * cent)
        await bot.store.count(Tally(day, model, usage, answers=1), {})
    lines = await stats(bot)
    assert "large: 2 answers this month; $0.00 today, $0.75 this month." in lines
    assert "small: 1 answer this month; $0.0100 today, $0.0100 this month." in lines
    assert "1,000 tokens read (50 % from the cache)" in lines[3]


async def test_nothing_tells_who_was_counted(bot: Bot) -> None:
    await ask(bot, "web:unmistakable", "test:unmistakable")
    records, _ = await bot.store.page("seen:0", 10)
    assert [record.kind for record in records] == ["seen", "seen"]
    assert not [record for record in records if "unmistakable" in f"{record}"]


async def test_only_admins_are_told(bot: Bot) -> None:
    with pytest.raises(NotAllowed):
        await bot.run("/stats")

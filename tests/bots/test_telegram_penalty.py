"""Telegram takes nothing for five minutes, from one chat or from the bot: what is written meanwhile arrives afterwards.

The whole bot, on a clock that the test owns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bots import wiring
from tests.support.clock import ManualClock
from tests.support.telegram_bot import bot_on
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB

PENALTY = 300.0
CROWD = range(601, 611)


@pytest.fixture(autouse=True)
def owned(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "clock", lambda: clock)


async def passed(clock: ManualClock, condition: Callable[[], bool], step: float = 0.1) -> float:
    """Seconds of the clock until *condition* holds; what the bot does over real sockets and files has time for itself."""
    began = clock.now()
    while not condition():
        assert clock.now() - began < 2 * PENALTY
        await clock.advance(step)
        await asyncio.sleep(0.01)
    return clock.now() - began


async def test_a_chat_that_is_closed_for_minutes_gets_its_answer_and_others_do_not_wait(
    clock: ManualClock, tmp_path: Path
) -> None:
    async with TelegramServer(now=clock.now) as telegram, bot_on(telegram, tmp_path, "drafts: off"):
        telegram.flood.close(PENALTY, ADA, clock.now())
        telegram.say(ADA, "hello")
        await passed(clock, lambda: telegram.statuses[429] == 1)
        telegram.say(BOB, "hello")
        assert await passed(clock, lambda: telegram.shown(BOB) == ["You said: hello"]) < PENALTY / 3
        telegram.say(ADA, "and then")
        answers = ["You said: hello", "You said: and then"]
        await passed(clock, lambda: telegram.shown(ADA) == answers, step=1.0)
        assert telegram.statuses[429] == 1


async def test_a_reply_that_waits_for_its_chat_is_said_by_the_next_process(clock: ManualClock, tmp_path: Path) -> None:
    """One that is told to end leaves it after a while, and what it knows of the penalty."""
    async with TelegramServer(now=clock.now) as telegram:
        async with AsyncExitStack() as process:
            await process.enter_async_context(bot_on(telegram, tmp_path))
            telegram.flood.close(PENALTY, ADA, clock.now())
            telegram.say(ADA, "/privacy")
            await passed(clock, lambda: telegram.statuses[429] == 1)
            ending = asyncio.create_task(process.pop_all().aclose())
            await passed(clock, ending.done, step=1.0)
        assert telegram.shown(ADA) == []
        async with bot_on(telegram, tmp_path):
            await passed(clock, lambda: bool(telegram.shown(ADA)), step=1.0)
            await clock.advance(PENALTY)
        assert len(telegram.shown(ADA)) == 1
        assert telegram.statuses[429] == 1


async def test_while_the_whole_bot_is_closed_for_minutes_nothing_is_lost_and_hardly_anything_tried(
    clock: ManualClock, tmp_path: Path
) -> None:
    async with TelegramServer(now=clock.now) as telegram, bot_on(telegram, tmp_path, "drafts: off"):
        telegram.flood.close(PENALTY, None, clock.now())
        for person in CROWD:
            telegram.say(person, f"I am {person}")
        await passed(clock, lambda: telegram.statuses[429] > 0)
        telegram.say(BOB, "hello")
        everybody = {**{person: [f"You said: I am {person}"] for person in CROWD}, BOB: ["You said: hello"]}
        await passed(clock, lambda: {who: telegram.shown(who) for who in everybody} == everybody, step=1.0)
        assert telegram.statuses[429] <= len(CROWD)

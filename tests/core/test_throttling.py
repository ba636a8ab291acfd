"""How often people may ask, and what they read when it was too often."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.config import parse_config
from core.domain import ConversationId
from core.domain_limits import Whose
from core.errors import ConfigError, StoreUnavailable, TooOften
from core.limits.allowances import Payer, SpendingPolicy
from core.limits.configured import throttle_policy
from core.limits.rates import Rate
from core.limits.throttling import ThrottlePolicy, paces_of
from core.llm.scripted import Script
from core.wording import Sentence, say
from tests.core.test_budgets import limited
from tests.support.bot import Bot, Notes, open_bot
from tests.support.clock import ManualClock

TWO_A_MINUTE = Rate(2 / 60, 2)
MODELS = "models: [{id: echo, provider: scripted}]\n"


@asynccontextmanager
async def bot_with(folder: Path, rates: dict[Whose, Rate], *exempt: str) -> AsyncIterator[tuple[Bot, ManualClock]]:
    clock = ManualClock()
    policy = ThrottlePolicy(rates, frozenset(exempt))
    async with open_bot(folder, clock, equip=limited(SpendingPolicy(), policy)) as bot:
        yield bot, clock


async def ask(bot: Bot, person: str, chat: str = "test:1", *places: str) -> Notes:
    incoming = replace(bot.incoming("Hello", person=person), conversation=ConversationId(chat), places=places)
    await bot.store.put(incoming)
    return await bot.answer()


async def test_who_asks_too_often_is_told_from_when_it_goes_on(tmp_path: Path) -> None:
    async with bot_with(tmp_path, {Whose.USER: TWO_A_MINUTE}) as (bot, clock):
        shown = [(await ask(bot, "test:ada")) for _ in range(3)]
        assert [notes.final for notes in shown] == ["You said: Hello", "You said: Hello", ""]
        problem = shown[-1].problem
        assert isinstance(problem, TooOften)
        assert "2027-01-15 08:01 UTC" in say(problem.sentence, "en", **problem.values)
        assert (await ask(bot, "test:bob")).final
        await clock.advance(60.0)
        assert (await ask(bot, "test:ada")).final


@pytest.mark.parametrize(
    ("whose", "sentence"),
    [
        (Whose.CHAT, Sentence.TOO_OFTEN_CHAT),
        (Whose.SERVER, Sentence.TOO_OFTEN_SERVER),
        (Whose.TOTAL, Sentence.TOO_OFTEN_TOTAL),
    ],
)
async def test_people_share_what_a_place_may_ask(whose: Whose, sentence: Sentence, tmp_path: Path) -> None:
    async with bot_with(tmp_path, {whose: TWO_A_MINUTE}) as (bot, _):
        shown = [(await ask(bot, f"test:{number}", "test:1/2", "test:8", "test:9")) for number in range(3)]
        problem = shown[-1].problem
        assert problem is not None
        assert problem.sentence is sentence


async def test_a_refused_question_counts_nowhere(tmp_path: Path) -> None:
    async with bot_with(tmp_path, {Whose.USER: Rate(1 / 60, 1), Whose.CHAT: TWO_A_MINUTE}) as (bot, _):
        for _ in range(3):
            await ask(bot, "test:ada")
        assert (await ask(bot, "test:bob")).final


async def test_admins_may_ask_as_often_as_they_like(tmp_path: Path) -> None:
    async with bot_with(tmp_path, {Whose.USER: TWO_A_MINUTE, Whose.TOTAL: TWO_A_MINUTE}, "test:ada") as (bot, _):
        assert all([(await ask(bot, "test:ada")).final for _ in range(5)])


async def test_a_turn_that_is_tried_again_counts_once(tmp_path: Path) -> None:
    async with bot_with(tmp_path, {Whose.USER: Rate(1 / 60, 1)}) as (bot, clock):
        bot.models.get("").scripts.append(Script(("One",), error=StoreUnavailable()))  # type: ignore[arg-type]  # as a store may go away
        with pytest.raises(StoreUnavailable):
            await ask(bot, "test:ada")
        clock.leap(31.0)
        assert (await bot.answer()).final == "You said: Hello"


def test_a_pace_is_written_as_a_number_and_a_time() -> None:
    config = parse_config(
        MODELS + "limits: {messages: {user: 20/10m, total: 1000/1d}}\naccess: {admins: ['web:1']}", {}
    )
    policy = throttle_policy(config)
    assert policy.rates == {Whose.USER: Rate(20 / 600, 20), Whose.TOTAL: Rate(1000 / 86_400, 1000)}
    assert policy.exempt == {"web:1"}
    assert [pace.name for pace in paces_of(policy, Payer("test:2"))] == ["user test:2", "total all"]


@pytest.mark.parametrize("text", ["20", "0/1m", "many/1m", "20/", "20/0s", "-1/1m", "20/1y"])
def test_a_pace_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match=r"limits\.messages\.user: "):
        parse_config(f"{MODELS}limits: {{messages: {{user: '{text}'}}}}", {})

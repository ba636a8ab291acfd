"""Moderation as people meet it: what is refused, in which words, and what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.conversations.moderating import ATTEMPTS, ModerationPolicy
from core.conversations.service import ConversationSettings, World
from core.domain import ConversationId, Finish, Ref
from core.domain_limits import Whose
from core.errors import AnswerFlagged, ModelKeyRefused, ModelUnreachable, NotModerated, QuestionFlagged, Stopped
from core.limits.allowances import Allowance, Payer, SpendingPolicy, purses_of
from core.limits.budgets import Spending, TurnBudgets
from core.limits.throttling import Throttle, ThrottlePolicy
from core.llm.scripted import Script, spoken
from core.ports import Outcome
from core.wording import say
from tests.support.bot import CHAT, LANE, LEASE, Bot, Notes, open_bot
from tests.support.clock import ManualClock, settle, until
from tests.support.judges import BOTH, Magistrate, moderation

GOOD = "This is the first sentence of a story that goes on. "
OTHER = ConversationId("test:2")
STORY = f"{GOOD}And now comes the murder."
PURSES = SpendingPolicy({Whose.USER: Allowance(tokens=1_000_000)})


def judged_by(magistrate: Magistrate, policy: ModerationPolicy = BOTH) -> Callable[[World], World]:
    def equip(world: World) -> World:
        store: Any = world.history
        throttle = Throttle(store, world.clock, ThrottlePolicy())
        budgets = TurnBudgets(Spending(store, world.clock, PURSES), throttle)
        return replace(world, budgets=budgets, moderation=moderation(magistrate, world.clock, policy))

    return equip


@asynccontextmanager
async def bot_with(folder: Path, magistrate: Magistrate, policy: ModerationPolicy = BOTH) -> AsyncIterator[Bot]:
    settings = ConversationSettings(fallback=("beta",))
    async with open_bot(folder, ManualClock(), settings=settings, equip=judged_by(magistrate, policy)) as bot:
        yield bot


async def spent(bot: Bot) -> int:
    purses = purses_of(PURSES, Payer("test:ada", "test:1"), bot.clock.now())
    (drawn,) = await bot.store.drawn([purse.name for purse in purses])
    return drawn.spent + drawn.held


def sentence(notes: Notes) -> str:
    assert notes.problem is not None
    return say(notes.problem.sentence, "en", **notes.problem.values)


async def kept(bot: Bot) -> list[str]:
    return [message.text for message in await bot.store.messages(CHAT)]


async def test_a_question_that_is_refused_reaches_no_model_and_costs_nothing(tmp_path: Path) -> None:
    async with bot_with(tmp_path, Magistrate()) as bot:
        notes = await bot.tell("How do I plan a murder?")
        assert sentence(notes) == "I cannot answer this: it seems to be about violence."
        assert bot.models.get("").prompts == []
        assert (await kept(bot), await spent(bot)) == ([], 0)
        assert isinstance((await bot.tell("/retry")).problem, QuestionFlagged)
        assert (await bot.tell("Hello")).final == "You said: Hello"


async def test_an_answer_that_is_refused_is_taken_back_and_paid_for(tmp_path: Path) -> None:
    async with bot_with(tmp_path, Magistrate()) as bot:
        notes = await bot.tell("Tell me a story", spoken(STORY))
        assert sentence(notes) == "I cannot give you this answer: it seems to be about violence."
        assert notes.drafts == [GOOD.rstrip()]
        assert await kept(bot) == []
        (tally,) = await bot.store.tallies("2000-01-01")
        assert await spent(bot) == tally.usage.prompt + tally.usage.completion > 0
        assert (await bot.tell("/retry")).final == "You said: Tell me a story"


async def test_what_passes_is_answered_as_ever(tmp_path: Path) -> None:
    magistrate = Magistrate()
    async with bot_with(tmp_path, magistrate) as bot:
        notes = await bot.tell("Tell me a story", spoken(GOOD * 3))
        assert notes.final == notes.drafts[-1] == GOOD * 3
        assert magistrate.seen[0] == "Tell me a story"


async def test_only_what_is_new_is_checked_and_never_what_was_said_before(tmp_path: Path) -> None:
    magistrate = Magistrate()
    async with bot_with(tmp_path, magistrate) as bot:
        await bot.tell("First")
        before = len(magistrate.seen)
        await bot.tell("Second")
        assert magistrate.seen[before:] == ["Second", "You said: Second"]


async def test_what_is_quoted_counts_as_asked_and_what_was_overheard_is_left_out(tmp_path: Path) -> None:
    async with bot_with(tmp_path, Magistrate()) as bot:
        await bot.store.put(replace(bot.incoming("And this?"), background="> a murder"))
        await bot.store.put(replace(bot.incoming("And that?"), conversation=OTHER, overheard="Bob: a murder"))
        quoted, overheard = await bot.answer(), await bot.answer()
        assert isinstance(quoted.problem, QuestionFlagged)
        assert overheard.final
        assert "murder" not in str(bot.models.get("").prompts)


async def test_an_edited_question_is_checked_anew(tmp_path: Path) -> None:
    async with bot_with(tmp_path, Magistrate()) as bot:
        await bot.store.put(replace(bot.incoming("Hello"), ref=Ref("test:m1")))
        await bot.answer()
        edited = replace(bot.incoming("A murder"), ref=Ref("test:m1"), revises=Ref("test:m1"))
        await bot.store.put(edited)
        assert isinstance((await bot.answer()).problem, QuestionFlagged)
        assert await kept(bot) == ["Hello", "You said: Hello"]


async def test_the_next_models_answer_is_checked_like_the_firsts(tmp_path: Path) -> None:
    async with bot_with(tmp_path, Magistrate()) as bot:
        bot.models.get("beta").scripts.append(spoken(STORY))
        assert isinstance((await bot.tell("A story", Script(refusal=ModelKeyRefused()))).problem, AnswerFlagged)


async def test_what_continues_an_answer_is_checked_with_it(tmp_path: Path) -> None:
    def both_halves(text: str) -> bool:
        return "first sentence" in text and "the end" in text

    async with bot_with(tmp_path, Magistrate(bad=both_halves)) as bot:
        notes = await bot.tell("A story", Script((GOOD,), finish=Finish.LENGTH), spoken("And this is the end."))
        assert isinstance(notes.problem, AnswerFlagged)


async def test_what_cannot_be_checked_is_refused_with_a_sentence_and_can_be_asked_again(tmp_path: Path) -> None:
    magistrate = Magistrate(problems=[ModelKeyRefused()])
    async with bot_with(tmp_path, magistrate) as bot:
        notes = await bot.tell("Hello")
        assert isinstance(notes.problem, NotModerated)
        assert "try again later" in sentence(notes)
        assert bot.models.get("").prompts == []
        assert (await bot.tell("/retry")).final == "You said: Hello"


async def test_where_it_is_let_through_nobody_notices_that_the_service_is_away(tmp_path: Path) -> None:
    magistrate = Magistrate(problems=[ModelUnreachable()] * ATTEMPTS)
    async with bot_with(tmp_path, magistrate, replace(BOTH, refuses=False)) as bot:
        clock: Any = bot.clock
        await bot.store.put(bot.incoming("Hello"))
        answering = asyncio.create_task(bot.answer())
        while not answering.done():
            # No further: while a slow disk is waited for, the lease would lapse.
            await clock.advance(clock.next_alarm or 0)
            await asyncio.sleep(0.001)
        assert answering.result().final == "You said: Hello"


@pytest.mark.parametrize("seen", [GOOD.rstrip(), ""])
async def test_stop_keeps_what_was_seen_and_nothing_else(seen: str, tmp_path: Path) -> None:
    magistrate = Magistrate()
    async with bot_with(tmp_path, magistrate, ModerationPolicy(answers=True)) as bot:
        bot.models.get("").scripts.append(Script((GOOD, "Unseen"), stall=3600.0))
        await bot.store.put(bot.incoming("A story"))
        turn = await bot.store.claim([LANE], LEASE)
        assert turn is not None
        notes = Notes()
        if not seen:
            magistrate.gate.clear()
        answering = asyncio.create_task(bot.conversations.answer(turn, notes))
        await until(lambda: bool(magistrate.seen))
        await settle()
        bot.conversations.stop(turn.id)
        assert await answering is (Outcome.ANSWERED if seen else Outcome.FAILED)
        assert notes.final == seen
        assert bool(seen) or isinstance(notes.problem, Stopped)
        assert await spent(bot) > 0


async def test_an_answer_that_is_kept_is_shown_again_unasked(tmp_path: Path) -> None:
    """It was checked before it was kept: whoever resumes a turn after a kill shows it, whatever the service says now."""
    magistrate = Magistrate()
    async with bot_with(tmp_path, magistrate) as bot:
        await bot.store.put(bot.incoming("Hello"))
        turn = await bot.store.claim([LANE], LEASE)
        assert turn is not None
        await bot.conversations.answer(turn, Notes())
        before = len(magistrate.seen)
        magistrate.bad = lambda _: True
        notes = Notes()
        assert await bot.conversations.answer(replace(turn, attempt=2), notes) is Outcome.ANSWERED
        assert (notes.final, len(magistrate.seen)) == ("You said: Hello", before)


async def test_where_nothing_is_to_be_checked_nothing_is_asked_and_nothing_waits(tmp_path: Path) -> None:
    magistrate = Magistrate()
    async with bot_with(tmp_path, magistrate, ModerationPolicy()) as bot:
        notes = await bot.tell("A murder", spoken("Three murder words"))
        assert notes.drafts == ["Three", "Three murder", "Three murder words"]
        assert magistrate.seen == []


async def test_questions_alone_are_checked_where_only_they_are_to_be(tmp_path: Path) -> None:
    async with bot_with(tmp_path, Magistrate(), ModerationPolicy(questions=True)) as bot:
        assert (await bot.tell("A story", spoken(STORY))).final == STORY
        assert isinstance((await bot.tell("A murder")).problem, QuestionFlagged)

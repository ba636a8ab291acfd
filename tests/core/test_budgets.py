"""Budgets as people meet them: what is answered, what is refused, with which sentence, and what is left afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.config import parse_config
from core.conversations.access import Access, Group
from core.conversations.context import MESSAGE_FRAME
from core.conversations.service import World
from core.domain import Finish, ModelSpec, Price, Usage
from core.domain_limits import Whose
from core.errors import BudgetSpent, ContentRefused, StoreUnavailable
from core.limits.allowances import Allowance, Bill, Payer, SpendingPolicy, purses_of
from core.limits.budgets import Spending, TurnBudgets
from core.limits.configured import spending_policy
from core.limits.throttling import Throttle, ThrottlePolicy
from core.llm.scripted import Script, spoken
from core.ports import Outcome
from core.wording import Sentence, say
from tests.support.bot import CHAT, LANE, LEASE, PRICE, Bot, Notes, open_bot
from tests.support.clock import ManualClock, until

DAY = 86_400.0
ADA = Payer("test:ada", "test:1")
ADMIN = "web:root"
PLENTY = 10**12
SPEC = ModelSpec("alpha", 8192, 1024, price=PRICE)


def limited(policy: SpendingPolicy, often: ThrottlePolicy | None = None) -> Callable[[World], World]:
    def equip(world: World) -> World:
        store: Any = world.history
        throttle = Throttle(store, world.clock, often or ThrottlePolicy())
        return replace(world, budgets=TurnBudgets(Spending(store, world.clock, policy), throttle))

    return equip


@asynccontextmanager
async def bot_with(folder: Path, policy: SpendingPolicy) -> AsyncIterator[Bot]:
    async with open_bot(folder, ManualClock(), equip=limited(policy)) as bot:
        yield bot


def daily(whose: Whose, amount: int, **more: Any) -> SpendingPolicy:
    return SpendingPolicy({whose: Allowance(day=amount)}, **more)


async def spent(bot: Bot, policy: SpendingPolicy, payer: Payer = ADA) -> tuple[int, ...]:
    drawn = await bot.store.drawn([purse.name for purse in purses_of(policy, payer, bot.clock.now())])
    return tuple(known.spent + known.held for known in drawn)


async def test_an_answer_is_charged_with_what_it_cost(tmp_path: Path) -> None:
    policy = SpendingPolicy(
        {Whose.USER: Allowance(PLENTY, PLENTY, 1000), Whose.CHAT: Allowance(PLENTY), Whose.TOTAL: Allowance(PLENTY)}
    )
    async with bot_with(tmp_path, policy) as bot:
        await bot.tell("Hello")
        usage = (await bot.store.usage(CHAT)).total
        tokens = usage.prompt + usage.completion
        assert await spent(bot, policy) == (tokens, usage.cost, usage.cost, usage.cost, usage.cost)


@pytest.mark.parametrize(
    ("whose", "sentence"),
    [
        (Whose.USER, Sentence.BUDGET_SPENT_USER),
        (Whose.CHAT, Sentence.BUDGET_SPENT_CHAT),
        (Whose.TOTAL, Sentence.BUDGET_SPENT_TOTAL),
    ],
)
async def test_who_has_nothing_left_is_told_when_it_goes_on(whose: Whose, sentence: Sentence, tmp_path: Path) -> None:
    async with bot_with(tmp_path, daily(whose, 10_000)) as bot:
        notes = await bot.tell("Hello")
        assert isinstance(notes.problem, BudgetSpent)
        assert notes.problem.sentence is sentence
        tomorrow = datetime.fromtimestamp(bot.clock.now() + DAY, UTC)
        assert f"{tomorrow:%Y-%m-%d} 00:00 UTC" in say(notes.problem.sentence, "en", **notes.problem.values)
        assert bot.models.get("").prompts == []


async def test_a_month_goes_on_with_the_next_one(tmp_path: Path) -> None:
    policy = SpendingPolicy({Whose.USER: Allowance(month=10_000)})
    async with bot_with(tmp_path, policy) as bot:
        problem = (await bot.tell("Hello")).problem
        assert problem is not None
        assert problem.values == {"when": "2027-02-01 00:00 UTC"}


async def test_the_next_day_begins_anew(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_bot(tmp_path, clock, equip=limited(daily(Whose.USER, 400_000))) as bot:
        while not (await bot.tell("Hello")).problem:
            pass
        clock.leap(DAY)
        assert (await bot.tell("Hello")).final == "You said: Hello"


async def test_people_do_not_spend_each_others(tmp_path: Path) -> None:
    async with bot_with(tmp_path, daily(Whose.USER, 300_000)) as bot:
        while not (await bot.tell("Hello")).problem:
            pass
        await bot.store.put(bot.incoming("Hello", person="test:bob"))
        assert (await bot.answer()).final == "You said: Hello"


async def test_a_server_pays_for_all_of_its_channels(tmp_path: Path) -> None:
    policy = daily(Whose.SERVER, 10_000)
    async with bot_with(tmp_path, policy) as bot:
        await bot.store.put(replace(bot.incoming("Hello"), places=("discord:5", "discord:9")))
        problem = (await bot.answer()).problem
        assert problem is not None
        assert problem.sentence is Sentence.BUDGET_SPENT_SERVER
        assert purses_of(policy, Payer("a", "b"), 0.0) == ()


async def test_an_answer_may_be_no_longer_than_what_is_left(tmp_path: Path) -> None:
    async with bot_with(tmp_path, daily(Whose.USER, 400_000)) as bot:
        await bot.tell("Hello")
        (prompt,) = bot.models.get("").prompts
        assert prompt.max_output == (400_000 - PRICE.input * prompt.tokens) // PRICE.output


async def test_a_refused_question_costs_nothing(tmp_path: Path) -> None:
    policy = daily(Whose.USER, PLENTY)
    async with bot_with(tmp_path, policy) as bot:
        await bot.tell("Hello", Script(refusal=ContentRefused()))
        assert await spent(bot, policy) == (0,)


async def test_what_was_stopped_is_charged_as_far_as_it_went(tmp_path: Path) -> None:
    policy = daily(Whose.USER, PLENTY)
    clock = ManualClock()
    async with open_bot(tmp_path, clock, equip=limited(policy)) as bot:
        bot.models.get("").scripts.append(spoken("One two three four five", delay=1.0))
        incoming = bot.incoming("Count")
        await bot.store.put(incoming)
        answering = asyncio.create_task(bot.answer())
        await until(lambda: not bot.models.get("").scripts)
        await clock.advance(2.5)
        bot.conversations.stop(incoming.event_id)
        assert (await answering).final == "One two"
        cost = (await bot.store.usage(CHAT)).total.cost
        assert await spent(bot, policy) == (cost,)


async def test_what_was_stopped_while_it_was_continued_is_charged_in_the_models_own_tokens(tmp_path: Path) -> None:
    """What was written before is read then, and paid for as that."""
    clock = ManualClock()
    async with open_bot(tmp_path, clock) as bot:
        model = bot.models.get("")
        model._spec = replace(model.spec, exact=False, factor=2.0)
        first = Usage(prompt=50, completion=20, cost=130_000)
        model.scripts.append(Script(("One two three",), finish=Finish.LENGTH, usage=first))
        model.scripts.append(Script((" four", " five"), delay=1.0))
        incoming = bot.incoming("Count")
        await bot.store.put(incoming)
        answering = asyncio.create_task(bot.answer())
        await until(lambda: not model.scripts)
        await clock.advance(1.5)
        bot.conversations.stop(incoming.event_id)
        assert (await answering).final == "One two three four"
        known, new = 2 * 3, 2 * (MESSAGE_FRAME.o200k + 1)  # three tokens were there, and one more came
        read = model.prompts[0].tokens + known
        cost = 130_000 + PRICE.input * read + PRICE.output * new
        assert (await bot.store.usage(CHAT)).total == Usage(50 + read, 0, 20 + new, cost=cost, calls=2)


async def test_each_part_of_a_long_answer_is_paid_for(tmp_path: Path) -> None:
    policy = daily(Whose.USER, PLENTY)
    async with bot_with(tmp_path, policy) as bot:
        notes = await bot.tell("Tell", Script(("One ",), finish=Finish.LENGTH), spoken("two."))
        assert notes.final == "One two."
        assert await spent(bot, policy) == ((await bot.store.usage(CHAT)).total.cost,)


async def test_a_turn_that_was_killed_before_it_was_charged_is_charged_once_when_resumed(tmp_path: Path) -> None:
    policy = daily(Whose.USER, PLENTY)
    clock = ManualClock()
    async with open_bot(tmp_path, clock, equip=limited(policy)) as bot:
        store: Any = bot.store
        settle = store.settle

        async def away(*_: object) -> None:
            raise StoreUnavailable

        store.settle = away
        with pytest.raises(StoreUnavailable):
            await bot.tell("Hello")
        store.settle = settle
        for _ in range(2):
            clock.leap(LEASE + 1)
            turn = await bot.store.claim([LANE], LEASE)
            assert turn is not None
            assert await bot.conversations.answer(turn, Notes()) is Outcome.ANSWERED
        assert await spent(bot, policy) == ((await bot.store.usage(CHAT)).total.cost,)


async def test_an_attempt_that_did_not_count_is_charged_too(tmp_path: Path) -> None:
    """A store that was away costs no attempt, so the turn comes back as the first one again."""
    policy = daily(Whose.USER, PLENTY)
    async with bot_with(tmp_path, policy) as bot:
        store: Any = bot.store
        settle = store.settle

        async def away(*_: object) -> None:
            raise StoreUnavailable

        store.settle = away
        await store.put(bot.incoming("Hello"))
        turn = await store.claim([LANE], LEASE)
        with pytest.raises(StoreUnavailable):
            await bot.conversations.answer(turn, Notes())
        await store.postpone(turn, 0.0, spent=False)
        store.settle = settle
        assert (await bot.answer()).final == "You said: Hello"
        drawn = await store.drawn([purse.name for purse in purses_of(policy, ADA, bot.clock.now())])
        assert [(known.spent, known.held) for known in drawn] == [((await store.usage(CHAT)).total.cost, 0)]


async def test_near_the_end_a_cheaper_model_answers_and_says_so(tmp_path: Path) -> None:
    policy = daily(Whose.USER, 2_000_000, downgrade_to="beta", downgrade_at=0.1, most_output=100)
    async with bot_with(tmp_path, policy) as bot:
        reprice(bot, "beta", Price(100, 400, 10))
        notes = [await bot.tell("Hello") for _ in range(10)]
        assert [notes[0].instead_of, notes[-1].instead_of] == ["", "alpha"]
        assert bot.models.get("beta").prompts
        assert (await bot.store.conversation(CHAT)).model == "", "what was chosen stays chosen"


async def test_near_the_end_nobody_is_answered_by_a_model_that_they_may_not_use(tmp_path: Path) -> None:
    policy = daily(Whose.USER, 2_000_000, downgrade_to="beta", downgrade_at=0.1, most_output=100)
    access = Access(groups=(Group(name="all", users=frozenset({"test:ada"}), models=frozenset({"alpha"})),))
    async with open_bot(tmp_path, ManualClock(), access, equip=limited(policy)) as bot:
        reprice(bot, "beta", Price(100, 400, 10))
        assert {(await bot.tell("Hello")).instead_of for _ in range(10)} == {""}
        assert bot.models.get("beta").prompts == []


@pytest.mark.parametrize("other", ["beta", "unknown"])
async def test_a_model_that_is_no_cheaper_takes_nobodys_place(other: str, tmp_path: Path) -> None:
    policy = daily(Whose.USER, 2_000_000, downgrade_to=other, downgrade_at=0.1, most_output=100)
    async with bot_with(tmp_path, policy) as bot:
        reprice(bot, "beta", Price(9_000, 9_000, 9_000))
        assert {(await bot.tell("Hello")).instead_of for _ in range(10)} == {""}
        assert bot.models.get("beta").prompts == []


def reprice(bot: Bot, name: str, price: Price) -> None:
    model = bot.models.get(name)
    model._spec = replace(model.spec, price=price)


async def test_a_free_model_is_never_refused_or_replaced(tmp_path: Path) -> None:
    async with open_bot(tmp_path, ManualClock()) as bot:
        spending = Spending(bot.store, bot.clock, daily(Whose.USER, 0, downgrade_to="beta"))
        free = replace(SPEC, price=Price(0, 0, 0))
        assert await spending.choose(ADA, free) == "alpha"
        assert await spending.reserve("1", ADA, Bill(free, 1000)) is None
        assert await spending.reserve("1", ADA, Bill(replace(SPEC, price=None), 1000)) is None


async def test_a_program_has_its_own_budget_instead_of_a_users(tmp_path: Path) -> None:
    policy = SpendingPolicy({Whose.USER: Allowance(day=0)}, {"api:shop": Allowance(day=PLENTY)})
    async with open_bot(tmp_path, ManualClock()) as bot:
        spending = Spending(bot.store, bot.clock, policy)
        assert await spending.reserve("1", Payer("api:shop"), Bill(SPEC, 100, most=50)) == 50
        with pytest.raises(BudgetSpent):
            await spending.reserve("2", Payer("api:other"), Bill(SPEC, 100))


async def test_whoever_runs_the_bot_has_all_the_tokens_and_not_all_the_money(tmp_path: Path) -> None:
    text = f"limits: {{tokens: {{user: 0, total: 0}}}}\naccess: {{admins: ['{ADMIN}']}}"
    policy, admin = spending_policy(parse_config(text, {})), Payer(ADMIN)
    async with open_bot(tmp_path, ManualClock()) as bot:
        spending = Spending(bot.store, bot.clock, policy)
        assert await spending.reserve("1", admin, Bill(SPEC, 100)) is None
        with pytest.raises(BudgetSpent):
            await spending.reserve("2", ADA, Bill(SPEC, 100))
        spending.configure(replace(policy, limits={Whose.USER: Allowance(day=0)}))
        with pytest.raises(BudgetSpent):
            await spending.reserve("3", admin, Bill(SPEC, 100))


async def test_several_answers_at_once_cost_several_times(tmp_path: Path) -> None:
    policy = daily(Whose.USER, 100 * PRICE.input + 60 * PRICE.output)
    async with open_bot(tmp_path, ManualClock()) as bot:
        spending = Spending(bot.store, bot.clock, policy)
        assert await spending.reserve("1", ADA, Bill(SPEC, 100)) == 60
        await spending.refund("1")
        with pytest.raises(BudgetSpent):
            await spending.reserve("2", ADA, Bill(SPEC, 100, answers=2))


async def test_an_answer_is_never_asked_to_be_longer_than_the_window_leaves(tmp_path: Path) -> None:
    async with open_bot(tmp_path, ManualClock()) as bot:
        spending = Spending(bot.store, bot.clock, daily(Whose.USER, PLENTY))
        assert await spending.reserve("1", ADA, Bill(replace(SPEC, window=8000, max_output=8000), 100)) == 2000
        assert await spending.reserve("1", ADA, Bill(replace(SPEC, window=8000, max_output=8000), 7000)) == 1000


async def test_who_finds_everything_reserved_waits_for_what_comes_back(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_bot(tmp_path, clock) as bot:
        spending = Spending(bot.store, clock, daily(Whose.USER, 1_000_000))
        await spending.reserve("1", ADA, Bill(SPEC, 100, most=220))
        waiting = asyncio.create_task(spending.reserve("2", ADA, Bill(SPEC, 100, most=220)))
        await passing(clock, 10)
        assert not waiting.done()
        await spending.settle("1", ADA, Usage(prompt=100, completion=20, cost=180_000))
        await passing(clock, 10)
        assert await waiting == 180


async def test_nobody_waits_for_others_for_ever(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_bot(tmp_path, clock) as bot:
        spending = Spending(bot.store, clock, daily(Whose.USER, 1_000_000))
        await spending.reserve("1", ADA, Bill(SPEC, 100, most=220))
        waiting = asyncio.create_task(spending.reserve("2", ADA, Bill(SPEC, 100, most=220)))
        await passing(clock, 200)
        with pytest.raises(BudgetSpent):
            await waiting


async def passing(clock: ManualClock, seconds: int) -> None:
    for _ in range(seconds):
        await clock.advance(1.0)
        await asyncio.sleep(0.002)

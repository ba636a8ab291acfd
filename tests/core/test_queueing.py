"""A turn that waits for its model: what its author is told, and what happens to the place and to the money."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from core.conversations.admitting import FRESH
from core.conversations.asking import AskingPolicy
from core.conversations.relaying import LATER, LONGEST_WAIT, Asker, Relaying
from core.conversations.service import ConversationSettings, World
from core.domain import Finish
from core.domain_limits import Drawn, Queue, Ruling, Whose
from core.errors import BudgetSpent, ModelBusy, ModelKeyRefused, NotAllowed, Stopped
from core.limits.allowances import Allowance, Payer, SpendingPolicy, purses_of
from core.limits.budgets import Spending, TurnBudgets
from core.limits.lines import LEASE, PATIENCE, WORD, Line, Lines, OwnPlaces, Trade, nobody
from core.limits.throttling import Throttle, ThrottlePolicy
from core.llm.scripted import Script, spoken
from core.llm.tokens import OpenAITokens
from core.watching import UNWATCHED, Unwatched
from tests.support.bot import Bot, Notes, open_bot
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock, until

SETTINGS = ConversationSettings(asking=AskingPolicy(attempts=2, backoff=2.0), fallback=("beta",))


class Counting(Unwatched):
    """Counts who waits, by provider."""

    def __init__(self) -> None:
        self.waiting: dict[str, int] = {}

    def lined_up(self, provider: str, waiting: int, inside: int) -> None:
        del inside
        self.waiting[provider] = waiting


@dataclass
class Bar:
    """A bot whose model alpha takes one call at once. Somebody else can have that place."""

    bot: Bot
    clock: ManualClock
    alpha: Line
    beta: Line
    counting: Counting

    @asynccontextmanager
    async def taken(self, line: Line) -> AsyncIterator[None]:
        async with line.place(0.0, nobody):
            yield

    async def ask(self, waits_for: str = "") -> asyncio.Task[Notes]:
        """Returns when the question stands in that line, where it has to."""
        asking = asyncio.create_task(self.bot.tell("Hello"))
        await until(lambda: not waits_for or self.counting.waiting.get(waits_for) == 1)
        return asking

    async def block(self, person: str) -> None:
        """As an admin may do in another process; it holds here by then."""
        await self.bot.store.rule(person, Ruling.BLOCKED)
        await self.clock.advance(FRESH)

    async def passing(self, task: asyncio.Task[Any], seconds: float) -> None:
        """As much of that as it takes until the task is done."""
        end = self.clock.now() + seconds
        while not task.done() and self.clock.now() < end:
            await self.clock.advance(0.25)
            await self.bot.store.probe()  # by then it has done what it was asked before, however busy the machine is


@asynccontextmanager
async def bar(folder: Path, policy: SpendingPolicy | None = None) -> AsyncIterator[Bar]:
    clock = ManualClock()
    counting = Counting()
    trade = Trade(clock, EvenChance(), counting)
    alpha, beta = (Line(OwnPlaces(), Queue(name, 1, LEASE, WORD), trade) for name in ("alpha", "beta"))

    def equip(world: World) -> World:
        store: Any = world.history
        spending = Spending(store, clock, policy or SpendingPolicy())
        budgets = TurnBudgets(spending, Throttle(store, clock, ThrottlePolicy()))
        return replace(world, budgets=budgets, lines=Lines({"alpha": alpha, "beta": beta}))

    async with open_bot(folder, clock, settings=SETTINGS, equip=equip) as bot:
        yield Bar(bot, clock, alpha, beta, counting)
        await alpha.close()
        await beta.close()


async def test_who_waits_is_told_and_then_answered(tmp_path: Path) -> None:
    async with bar(tmp_path) as here:
        async with here.taken(here.alpha):
            asking = await here.ask("alpha")
            await here.passing(asking, 2 * PATIENCE)
            assert not asking.done()
        await here.passing(asking, 5.0)
        notes = await asking
        assert (notes.places, notes.final) == ([1], "You said: Hello")


async def test_who_is_blocked_while_waiting_is_not_answered_and_pays_nothing(tmp_path: Path) -> None:
    policy = SpendingPolicy({Whose.TOTAL: Allowance(day=10**9)})
    async with bar(tmp_path, policy) as here:
        async with here.taken(here.alpha):
            asking = await here.ask("alpha")
            await here.block("test:ada")
        await here.passing(asking, 5.0)
        assert isinstance((await asking).problem, NotAllowed)
        assert here.bot.models.get("alpha").prompts == []
        (purse,) = purses_of(policy, Payer("anybody"), here.clock.now())
        assert await here.bot.store.drawn([purse.name]) == (Drawn(),)


async def test_an_answer_that_has_begun_is_continued_for_who_is_blocked_meanwhile(tmp_path: Path) -> None:
    begun = Script(("Well,",), finish=Finish.LENGTH, stall=5.0)
    async with bar(tmp_path) as here:
        here.bot.models.get("alpha").scripts += [begun, spoken(" then.")]
        asking = await here.ask()
        await until(lambda: len(here.bot.models.get("alpha").prompts) == 1)
        await here.block("test:ada")
        await here.passing(asking, 20.0)
        assert (await asking).final == "Well, then."


async def test_stop_ends_the_wait(tmp_path: Path) -> None:
    async with bar(tmp_path) as here:
        async with here.taken(here.alpha):
            asking = await here.ask("alpha")
            (turn,) = await here.bot.store.waiting(here.bot.incoming().conversation)
            here.bot.conversations.stop(turn.event_id)
            notes = await asking
        assert isinstance(notes.problem, Stopped)
        async with here.taken(here.alpha):
            assert here.bot.models.get("alpha").prompts == []


async def test_a_failed_call_leaves_its_place_to_others_until_it_is_tried_again(tmp_path: Path) -> None:
    async with bar(tmp_path) as here:
        here.bot.models.get("alpha").scripts.append(Script(refusal=ModelBusy()))
        asking = await here.ask()
        await until(lambda: len(here.bot.models.get("alpha").prompts) == 1)
        async with here.taken(here.alpha):
            assert not asking.done()
        await here.passing(asking, 20.0)
        assert (await asking).final == "You said: Hello"


async def test_who_is_sent_on_to_another_model_gives_the_first_place_back(tmp_path: Path) -> None:
    async with bar(tmp_path) as here:
        here.bot.models.get("alpha").scripts.append(Script(refusal=ModelKeyRefused()))
        async with here.taken(here.beta):
            asking = await here.ask("beta")
            async with here.taken(here.alpha):
                assert not asking.done()
        await here.passing(asking, 5.0)
        assert (await asking).final == "You said: Hello"


async def test_who_has_nothing_left_is_told_without_waiting(tmp_path: Path) -> None:
    async with bar(tmp_path, SpendingPolicy({Whose.USER: Allowance(day=1)})) as here, here.taken(here.alpha):
        notes = await here.bot.tell("Hello")
        assert isinstance(notes.problem, BudgetSpent)
        assert notes.places == []


async def test_nothing_is_set_aside_for_who_waits(tmp_path: Path) -> None:
    policy = SpendingPolicy({Whose.TOTAL: Allowance(day=10**9)})
    async with bar(tmp_path, policy) as here:
        (purse,) = purses_of(policy, Payer("anybody"), here.clock.now())
        here.bot.models.get("alpha").scripts.append(spoken("Well, then.", delay=1.0))
        async with here.taken(here.alpha):
            asking = await here.ask("alpha")
            assert (await here.bot.store.drawn([purse.name]))[0].held == 0
        while (await here.bot.store.drawn([purse.name]))[0].held == 0:
            assert not asking.done()
        await here.passing(asking, 10.0)
        await asking


async def test_a_program_that_waits_for_too_long_is_told_when_to_come_again(tmp_path: Path) -> None:
    async with bar(tmp_path) as here, here.taken(here.alpha):
        lines, counter, store = Lines({"alpha": here.alpha}), OpenAITokens(), here.bot.store
        limits = (Spending(store, here.clock, SpendingPolicy()), Throttle(store, here.clock, ThrottlePolicy()), lines)
        relaying = Relaying(here.clock, here.bot.models, counter, (), UNWATCHED, *limits)
        asker = Asker(Payer("api:shop"), {"alpha"}, "request")

        async def ask() -> None:
            async with relaying.open({"model": "alpha", "messages": [{"role": "user", "content": "Hello"}]}, asker):
                pass

        asking = asyncio.create_task(ask())
        await here.passing(asking, LONGEST_WAIT - 1.0)
        assert not asking.done()
        await here.passing(asking, 2.0)
        with pytest.raises(ModelBusy) as told:
            await asking
        assert told.value.retry_after == LATER

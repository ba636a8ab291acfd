"""Money for a call that nobody makes again: set aside for as long as its process makes it, and hardly longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.conversations.relaying import Asker, Relaying
from core.domain import ModelSpec
from core.domain_limits import Drawn, Whose
from core.errors import StoreUnavailable
from core.limits.allowances import Allowance, Bill, Payer, SpendingPolicy, charged, purses_of
from core.limits.budgets import Spending
from core.limits.holding import HELD
from core.limits.throttling import Throttle, ThrottlePolicy
from core.llm.scripted import ScriptedModel
from core.llm.tokens import OpenAITokens
from core.ports import Store
from core.stores.opening import open_store
from core.watching import UNWATCHED
from tests.support.bot import PRICE, Several
from tests.support.clock import ManualClock, until

SHOP = Payer("api:shop")
SPEC = ModelSpec("alpha", 8192, 1024, price=PRICE)
BILL = Bill(SPEC, 100, most=100)
POLICY = SpendingPolicy({Whose.TOTAL: Allowance(day=100 * PRICE.input + 100 * PRICE.output)})
"""As much as the call may cost."""


@dataclass
class Till:
    """The purses of a store. away: this process does not reach it, while others do."""

    store: Store
    clock: ManualClock
    away: bool = False

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise StoreUnavailable("away")
        return getattr(self.store, name)

    @property
    def spending(self) -> Spending:
        purses: Any = self
        return Spending(purses, self.clock, POLICY)

    async def is_open(self) -> bool:
        """Whether another process gets anything."""
        purses = [charged(purse, BILL) for purse in purses_of(POLICY, SHOP, self.clock.now())]
        return (await self.store.reserve("another", purses, 1, 1)).short is None

    async def drawn(self) -> Drawn:
        (purse,) = purses_of(POLICY, SHOP, self.clock.now())
        return (await self.store.drawn([purse.name]))[0]

    async def wait(self, seconds: float) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            await self.clock.advance(1.0)
            await self.store.probe()  # what was asked of the store before is done
            await asyncio.sleep(0)


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    clock = ManualClock()
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        yield Till(store, clock)


@asynccontextmanager
async def calling(till: Till) -> AsyncIterator[asyncio.Task[None]]:
    """A call that never ends."""
    begun = asyncio.Event()

    async def call() -> None:
        async with till.spending.held("1", SHOP, BILL) as tokens:
            assert tokens == 100
            begun.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(call())
    await begun.wait()
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_call_keeps_what_it_may_cost_however_long_it_takes(till: Till) -> None:
    async with calling(till) as running:
        await till.wait(5 * HELD)
        assert not await till.is_open()
        assert not running.done()


async def test_what_nobody_comes_back_to_is_there_again_a_minute_later(till: Till) -> None:
    async with calling(till):
        await till.wait(HELD)
    assert not await till.is_open()
    await till.wait(HELD)
    assert await till.is_open()


async def test_a_call_ends_before_others_may_spend_what_it_costs(till: Till) -> None:
    async with calling(till) as running:
        till.away = True
        await till.wait(0.5 * HELD)
        assert not running.done()
        await till.wait(0.4 * HELD)
        with pytest.raises(StoreUnavailable):
            await running
        assert not await till.is_open()


async def test_a_call_ends_of_which_others_have_the_money(till: Till) -> None:
    async with calling(till) as running:
        await till.store.release("1")
        await till.wait(0.5 * HELD)
        with pytest.raises(StoreUnavailable):
            await running


async def test_what_was_used_is_charged_when_the_store_is_back(till: Till) -> None:
    store, model = till.store, ScriptedModel(SPEC, till.clock)
    limits = (till.spending, Throttle(store, till.clock, ThrottlePolicy()))
    relaying = Relaying(till.clock, Several([model]), OpenAITokens(), (), UNWATCHED, *limits)

    async def ask() -> None:
        body = {"model": "alpha", "messages": [{"role": "user", "content": "Hello"}]}
        async with relaying.open(body, Asker(SHOP, {"alpha"}, "request")) as answering:
            async for _ in answering:
                pass
            till.away = True

    asking = asyncio.create_task(ask())
    await until(lambda: till.away)
    await till.wait(10.0)
    assert not asking.done()
    till.away = False
    await till.wait(10.0)
    await asking
    drawn = await till.drawn()
    assert drawn.spent > 0
    assert drawn.held == 0

"""A client's own request where the model that it names is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.conversations.relaying import Asker, Relaying
from core.domain import Price
from core.domain_limits import Whose
from core.errors import ContentRefused, ModelError, ModelKeyRefused, RequestRefused, WindowExceeded
from core.limits.allowances import Allowance, Payer, SpendingPolicy
from core.limits.budgets import Spending
from core.limits.throttling import Throttle, ThrottlePolicy
from core.llm.scripted import Script
from core.llm.tokens import OpenAITokens
from core.watching import UNWATCHED
from tests.support.bot import Several, open_bot
from tests.support.clock import ManualClock

PLENTY = 10**10
BODY = {"model": "alpha", "messages": [{"role": "user", "content": "Hello"}]}
ASKER = Asker(Payer("api:shop"), {"alpha", "beta", "gamma"}, "request")


@dataclass
class Desk:
    relaying: Relaying
    models: Several

    def refuses(self, model: str, problem: ModelError) -> None:
        self.models.get(model).scripts.append(Script(refusal=problem))

    async def answered_by(self) -> str:
        async with self.relaying.open(BODY, ASKER) as answering:
            async for _ in answering:
                pass
            return answering.model


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = ManualClock()
    async with open_bot(tmp_path, clock, models=("alpha", "beta", "gamma")) as bot:
        policy = SpendingPolicy({Whose.TOTAL: Allowance(day=PLENTY)})
        limits = Spending(bot.store, clock, policy), Throttle(bot.store, clock, ThrottlePolicy())
        relaying = Relaying(clock, bot.models, OpenAITokens(), ("beta", "gamma"), UNWATCHED, *limits)
        yield Desk(relaying, bot.models)


@pytest.mark.parametrize("problem", [RequestRefused(), WindowExceeded()])
async def test_a_model_that_stands_in_and_cannot_take_the_request_is_passed_over(
    problem: ModelError, desk: Desk
) -> None:
    desk.refuses("alpha", ModelKeyRefused())
    desk.refuses("beta", problem)
    assert await desk.answered_by() == "gamma"
    for model, refusal in {"alpha": ModelKeyRefused(), "beta": problem, "gamma": problem}.items():
        desk.refuses(model, refusal)
    with pytest.raises(ModelKeyRefused):
        await desk.answered_by()


async def test_so_is_one_that_costs_too_much(desk: Desk) -> None:
    dear = desk.models.get("beta")
    dear._spec = replace(dear.spec, price=Price(PLENTY, PLENTY, PLENTY))
    desk.refuses("alpha", ModelKeyRefused())
    assert await desk.answered_by() == "gamma"


@pytest.mark.parametrize("problem", [RequestRefused(), WindowExceeded(), ContentRefused()])
async def test_what_is_wrong_with_the_request_is_told_at_once(problem: ModelError, desk: Desk) -> None:
    desk.refuses("alpha", problem)
    with pytest.raises(type(problem)):
        await desk.answered_by()
    assert desk.models.get("beta").prompts == []

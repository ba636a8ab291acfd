"""What programs may spend: reserved before a call, settled after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from core.config_platforms import BudgetConfig
from tests.support.api import HELLO, MODEL, Api, program, serve_api
from tests.support.completions import completion, refuse
from tests.support.servers import redis_server

ONE = {"prompt_tokens": 40, "completion_tokens": 10, "total_tokens": 50}
"""Of `gpt-5-mini`, for a quarter of a dollar and two dollars per million: 30 millionths of a dollar."""
DAY = BudgetConfig(day=0.000_12)
"""Enough for two of them, and for a third no more than 29 tokens."""


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serve_api(tmp_path, clients=(program("shop", budget=DAY), program("school"))) as served:
        yield served


async def ask(client: openai.AsyncOpenAI, **more: object) -> None:
    await client.chat.completions.create(model=MODEL, messages=HELLO, extra_body=more)


async def test_a_client_gets_what_its_budget_is_worth(api: Api) -> None:
    shop = api.as_client("key-of-shop")
    api.model.plan(*[completion("Hello", usage=ONE)] * 2)
    await ask(shop)
    await ask(shop)
    with pytest.raises(openai.RateLimitError) as spent:
        await ask(shop)
    assert (spent.value.code, spent.value.type) == ("insufficient_quota", "insufficient_quota")
    assert len(api.model.requests) == 2
    await ask(api.as_client("key-of-school"))


async def test_what_is_told_to_a_store_far_away_is_told_although_the_client_has_its_answer(tmp_path: Path) -> None:
    async with redis_server() as store, serve_api(tmp_path, store=store, clients=(program("shop", budget=DAY),)) as api:
        shop = api.as_client("key-of-shop")
        api.model.plan(*[completion("Hello", usage=ONE)] * 2)
        await ask(shop)
        await ask(shop)
        with pytest.raises(openai.RateLimitError):  # at once: nothing is set aside that might come back
            await ask(shop)


async def test_conversations_are_paid_from_the_same_purse(api: Api) -> None:
    shop = api.as_client("key-of-shop")
    api.model.plan(*[completion("Hello", usage=ONE)] * 2)
    await ask(shop)
    await ask(shop, conversation="work")
    for place in ({}, {"conversation": "work"}):
        refused = await api.post({"Authorization": "Bearer key-of-shop"}, **place)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")
        assert 0 < int(refused.headers["Retry-After"]) <= 86_400


async def test_an_answer_is_asked_to_be_no_longer_than_can_be_paid(api: Api) -> None:
    await ask(api.as_client("key-of-shop"), max_tokens=4000)
    assert 32 <= api.model.bodies[-1]["max_tokens"] < 60


async def test_what_failed_costs_nothing(api: Api) -> None:
    shop = api.as_client("key-of-shop")
    api.model.plan(*[refuse(500, "Down", "server_error")] * 5)
    for _ in range(5):
        with pytest.raises(openai.InternalServerError):
            await ask(shop)
    await ask(shop)


async def test_who_asks_too_often_is_told_so_with_and_without_a_conversation(tmp_path: Path) -> None:
    async with serve_api(tmp_path, "limits: {messages: {user: 2/1h}}", clients=(program("shop"),)) as api:
        shop = api.as_client("key-of-shop")
        await ask(shop)
        await ask(shop, conversation="work")
        for place in ({}, {"conversation": "work"}):
            refused = await api.post({"Authorization": "Bearer key-of-shop"}, **place)
            error = refused.json()["error"]
            assert (refused.status_code, error["code"]) == (429, "rate_limit_exceeded")
            assert "ask again from" in error["message"]
            assert 0 < int(refused.headers["Retry-After"]) <= 3600

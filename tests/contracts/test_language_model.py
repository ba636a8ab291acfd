"""What every `LanguageModel` keeps, wherever it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from core.clock import SystemClock
from core.completions import Chunk
from core.config_models import ModelConfig
from core.domain import Finish, Prompt, PromptMessage
from core.llm.catalogue import open_models
from core.ports import LanguageModel
from tests.support.completions import CompletionsServer
from tests.support.models import KeptFacts, ask, model_on

QUESTION = Prompt((PromptMessage("system", "Answer briefly."), PromptMessage("user", "Say hello.")), max_output=30)


@asynccontextmanager
async def on_a_server() -> AsyncIterator[LanguageModel]:
    async with CompletionsServer() as server, model_on(server, SystemClock()) as model:
        yield model


@asynccontextmanager
async def built_in(provider: str) -> AsyncIterator[LanguageModel]:
    config = ModelConfig(id=provider, provider=provider)
    async with open_models([config], {}, KeptFacts(), SystemClock()) as models:
        if models.unusable():
            pytest.skip(models.unusable()[provider])
        yield models.get("")


MODELS: dict[str, Callable[[], AbstractAsyncContextManager[LanguageModel]]] = {
    "server": on_a_server,
    "local": lambda: built_in("local"),
    "scripted": lambda: built_in("scripted"),
}


@pytest.fixture(params=MODELS)
async def model(request: pytest.FixtureRequest) -> AsyncIterator[LanguageModel]:
    async with MODELS[request.param]() as model:
        yield model


async def test_an_answer_has_text_a_finish_and_usage(model: LanguageModel) -> None:
    text, finish, usage = await ask(model, QUESTION)
    assert text.strip()
    assert finish in {Finish.STOP, Finish.LENGTH}
    assert usage.prompt > 0
    assert usage.completion > 0
    assert usage.calls == 1


async def test_a_model_may_be_asked_again_and_by_several_at_once(model: LanguageModel) -> None:
    answers = await asyncio.gather(*(ask(model, QUESTION) for _ in range(3)))
    assert all(text.strip() for text, _, _ in answers)


async def test_leaving_in_the_middle_leaves_no_harm(model: LanguageModel) -> None:
    async with model.stream(QUESTION) as deltas:
        async for _ in deltas:
            break
    assert (await ask(model, QUESTION))[0].strip()


async def test_a_smaller_window_can_be_learnt(model: LanguageModel) -> None:
    await model.learn_window(512)
    assert model.spec.window == 512


async def test_its_limits_make_sense(model: LanguageModel) -> None:
    assert 0 < model.spec.max_output <= model.spec.window
    assert model.spec.factor >= 1.0


async def relayed(model: LanguageModel, **more: object) -> list[Chunk]:
    body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 30, **more}
    async with model.relay(body) as batches:
        return [chunk async for batch in batches for chunk in batch]


async def test_a_request_is_passed_on_as_chunks_whose_usage_comes_last(model: LanguageModel) -> None:
    chunks = await relayed(model, stream=True)
    said = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    assert said.strip()
    assert chunks[-1]["usage"]["completion_tokens"] > 0


async def test_a_request_that_wants_no_stream_gets_one_whole_answer(model: LanguageModel) -> None:
    (answer,) = await relayed(model)
    assert answer["choices"][0]["message"]["content"].strip()
    assert answer["usage"]["completion_tokens"] > 0


async def test_leaving_a_request_in_the_middle_leaves_no_harm(model: LanguageModel) -> None:
    async with model.relay({"messages": [{"role": "user", "content": "Say hello."}], "stream": True}) as batches:
        async for _ in batches:
            break
    assert await relayed(model)

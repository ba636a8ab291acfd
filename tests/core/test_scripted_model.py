"""The model that says what it is told to, on a clock that the test owns."""

from __future__ import annotations

import asyncio

import pytest

from core.config_models import ModelConfig
from core.domain import Finish, ModelSpec, Prompt, PromptMessage, Usage
from core.errors import ModelBusy, ModelGarbled
from core.llm import scripted
from core.llm.catalogue import open_models
from core.llm.scripted import Script, ScriptedModel, spoken
from tests.support.clock import ManualClock
from tests.support.models import HELLO, KeptFacts, ask

SPEC = ModelSpec("actor", window=1000, max_output=200)


def actor(*scripts: Script, clock: ManualClock | None = None) -> ScriptedModel:
    return ScriptedModel(SPEC, clock or ManualClock(), scripts)


async def test_it_plays_its_scripts_in_order_and_then_echoes() -> None:
    model = actor(spoken("First."), Script(("Sec", "ond."), finish=Finish.LENGTH, usage=Usage(prompt=5, completion=2)))
    assert (await ask(model))[0] == "First."
    assert await ask(model) == ("Second.", Finish.LENGTH, Usage(prompt=5, completion=2))
    assert (await ask(model))[0] == "You said: Hello"
    assert model.prompts == [HELLO] * 3


async def test_it_fails_before_or_after_the_first_word() -> None:
    model = actor(Script(refusal=ModelBusy("later", 3.0)), Script(("Half",), error=ModelGarbled("cut")))
    with pytest.raises(ModelBusy):
        await ask(model)
    async with model.stream(HELLO) as deltas:
        assert await anext(deltas) == "Half"
        with pytest.raises(ModelGarbled):
            await anext(deltas)


async def test_its_words_are_paced_by_the_clock() -> None:
    clock = ManualClock()
    asking = asyncio.create_task(ask(actor(spoken("one two three", delay=1.0), clock=clock)))
    await clock.advance(2.9)
    assert not asking.done()
    await clock.advance(0.2)
    assert (await asking)[0] == "one two three"


async def test_it_can_be_configured_with_replies_and_a_pace() -> None:
    config = ModelConfig(id="actor", provider="scripted", extra_body={"replies": ["Good day."], "delay": 0})
    async with open_models([config], {}, KeptFacts(), ManualClock()) as models:
        assert (await ask(models.get("")))[0] == "Good day."
        spaced = Prompt((PromptMessage("user", "  two\n\nlines "),))
        assert (await ask(models.get(""), spaced))[0] == "You said:   two\n\nlines "


async def test_each_completion_has_an_id_of_its_own_however_few_prompts_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scripted, "REMEMBERED", 1)
    model, ids = actor(), set()
    for _ in range(3):
        async with model.relay({"messages": [{"role": "user", "content": "Hello"}]}) as batches:
            ids |= {chunk["id"] async for batch in batches for chunk in batch}
    assert len(ids) == 3

"""Which models can be used, what is known of them, and how far the configuration overrides it."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from pydantic import SecretStr

from core.config_models import ModelConfig, PriceConfig, ProviderConfig
from core.domain import Encoding, ModelFacts, ModelSpec, Price, Prompt, Usage
from core.errors import ConfigError, ModelError, ModelKeyRefused, ModelNone
from core.llm.catalogue import open_models
from core.llm.knowledge import known_about
from core.llm.openai import Connection, with_facts
from tests.support.clock import ManualClock
from tests.support.completions import CompletionsServer, answer
from tests.support.models import HELLO, KeptFacts, ask, model_on

NOW = 1_800_000_000.0
OPENAI = "https://api.openai.com/v1"
OLLAMA = "http://localhost:11434/v1"


def known(model: str, base_url: str = OPENAI, **config: Any) -> ModelSpec:
    return known_about(ModelConfig(id=model, provider="p", **config), base_url, NOW)


def provider(base_url: str, key: str = "", **more: Any) -> ProviderConfig:
    return ProviderConfig(base_url=base_url, api_key=SecretStr(key), **more)


def test_openai_models_are_in_the_table() -> None:
    spec = known("gpt-5-mini")
    assert (spec.window, spec.max_output) == (400_000, 128_000)
    assert (spec.encoding, spec.exact, spec.factor) == (Encoding.O200K, True, 1.0)
    assert spec.price == Price(input=250, output=2000, cached=25)


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("openai/gpt-5-mini", "https://openrouter.ai/api/v1"),
        ("gpt-5-mini", "https://acme.openai.azure.com/openai/v1"),
        ("azure/gpt-5-mini", "http://localhost:4000"),
        ("openai/gpt-5-mini", "https://gateway.example.com/v1"),
    ],
)
def test_the_same_model_under_other_names_and_roofs(model: str, base_url: str) -> None:
    spec = known(model, base_url)
    assert (spec.window, spec.exact) == (400_000, True)
    assert spec.price == Price(input=250, output=2000, cached=25)


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini", Encoding.O200K),
        ("gpt-4.1", Encoding.O200K),
        ("o3-mini", Encoding.O200K),
        ("ft:gpt-4o-mini-2024-07-18:acme::x", Encoding.O200K),
        ("gpt-4-turbo", Encoding.CL100K),
        ("gpt-3.5-turbo", Encoding.CL100K),
        ("gpt-35-turbo", Encoding.CL100K),
    ],
)
def test_each_openai_model_has_its_vocabulary(model: str, encoding: Encoding) -> None:
    assert (known(model).encoding, known(model).exact) == (encoding, True)


def test_other_models_are_estimated() -> None:
    spec = known("deepseek-chat", "https://api.deepseek.com")
    assert (spec.exact, spec.factor) == (False, 1.25)
    assert spec.price


def test_of_a_model_that_nobody_knows_little_is_assumed() -> None:
    spec = known("my-own-finetune", OLLAMA)
    assert (spec.window, spec.max_output, spec.price) == (8192, 2048, None)


def test_an_open_model_on_this_machine_has_no_price() -> None:
    assert known("deepseek-chat", OLLAMA).price is None


def test_the_configuration_overrides_the_table() -> None:
    price = PriceConfig(input=1, output=2.5)
    spec = known("gpt-5-mini", window=10_000, max_output=500, encoding=Encoding.CL100K, price=price)
    expected = Price(input=1000, output=2500, cached=1000)
    assert (spec.window, spec.max_output, spec.encoding, spec.price) == (10_000, 500, Encoding.CL100K, expected)


def test_a_window_learnt_is_only_ever_smaller() -> None:
    spec = known("my-own-finetune", OLLAMA)
    assert with_facts(spec, ModelFacts(window=4096)).window == 4096
    assert with_facts(spec, ModelFacts(window=99_999)).window == 8192


async def test_without_a_key_the_default_is_the_first_model_that_needs_none() -> None:
    models = [ModelConfig(id="gpt-5-mini", provider="openai"), ModelConfig(id="llama", provider="ollama")]
    providers = {"openai": provider(OPENAI), "ollama": provider(OLLAMA)}
    async with open_models(models, providers, KeptFacts(), ManualClock()) as catalogue:
        assert catalogue.names() == ("llama",)
        assert catalogue.get("").spec.id == catalogue.get("gone").spec.id == "llama"
        assert catalogue.unusable() == {"gpt-5-mini": "the provider openai has no api_key"}


@pytest.mark.parametrize("more", [{"key": "sk-1"}, {"headers": {"api-key": "1"}}])
async def test_with_a_key_or_a_header_it_is_used(more: dict[str, Any]) -> None:
    models = [ModelConfig(id="gpt-5-mini", provider="openai")]
    async with open_models(models, {"openai": provider(OPENAI, **more)}, KeptFacts(), ManualClock()) as catalogue:
        assert catalogue.names() == ("gpt-5-mini",)


async def test_with_no_usable_model_every_question_gets_an_error_that_says_so() -> None:
    models = [ModelConfig(id="gpt-5-mini", provider="openai")]
    async with open_models(models, {"openai": provider(OPENAI)}, KeptFacts(), ManualClock()) as catalogue:
        assert catalogue.names() == ()
        with pytest.raises(ModelNone, match="has no api_key"):
            await ask(catalogue.get(""))


async def test_what_a_server_offers() -> None:
    async with CompletionsServer(models=("b", "a")) as server:
        providers = {"test": provider(server.url, "sk-test-0123456789"), "wrong": provider(server.url, "sk-wrong")}
        async with open_models([], providers, KeptFacts(), ManualClock()) as catalogue:
            assert await catalogue.offers("test") == ("a", "b")
            with pytest.raises(ModelKeyRefused):
                await catalogue.offers("wrong")
    async with open_models([], {"gone": provider(server.url)}, KeptFacts(), ManualClock()) as catalogue:
        with pytest.raises(ModelError):
            await catalogue.offers("gone")


async def test_a_server_without_a_key_works() -> None:
    async with CompletionsServer(key=None) as server:
        models = [ModelConfig(id="llama", provider="ollama")]
        async with open_models(models, {"ollama": provider(server.url)}, KeptFacts(), ManualClock()) as catalogue:
            assert (await ask(catalogue.get("llama")))[0] == "Hello there."


async def test_those_who_ask_at_once_have_one_client_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[openai.AsyncOpenAI] = []

    class Counted(openai.AsyncOpenAI):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            made.append(self)

    monkeypatch.setattr(openai, "AsyncOpenAI", Counted)
    async with CompletionsServer() as server, model_on(server, ManualClock()) as model:
        answers = await asyncio.gather(*[ask(model) for _ in range(20)])
    assert [text for text, *_ in answers] == ["Hello there."] * 20
    assert len(made) == 1


async def test_a_key_that_changes_while_the_client_is_made_is_the_one_that_is_sent() -> None:
    async with CompletionsServer() as server:
        old = ProviderConfig(base_url=server.url, api_key=SecretStr("old"))
        connection = Connection(old, ManualClock())
        making = asyncio.create_task(connection.client())
        await asyncio.sleep(0)
        connection.take_key(old.model_copy(update={"api_key": SecretStr("new")}))
        assert (await making).api_key == "new"
        await connection.aclose()


async def test_reported_usage_corrects_the_estimates_and_is_kept() -> None:
    usage = {"prompt_tokens": 900, "completion_tokens": 5}
    facts = KeptFacts()
    async with CompletionsServer() as server, model_on(server, ManualClock(), facts, id="llama") as model:
        assert model.spec.factor == 1.25
        server.plan(answer("Hi", usage=usage))
        await ask(model, Prompt(HELLO.messages, tokens=750))  # 600 in our vocabulary, times 1.25
        assert model.spec.factor == 1.5
    async with CompletionsServer() as server, model_on(server, ManualClock(), facts, id="llama") as model:
        assert model.spec.factor == 1.5


async def test_an_exact_count_is_not_corrected() -> None:
    async with CompletionsServer() as server, model_on(server, ManualClock()) as model:
        server.plan(answer("Hi", usage={"prompt_tokens": 900, "completion_tokens": 5}))
        await ask(model, Prompt(HELLO.messages, tokens=600))
        assert model.spec.factor == 1.0


async def test_a_learnt_window_is_kept() -> None:
    facts = KeptFacts()
    async with CompletionsServer() as server, model_on(server, ManualClock(), facts) as model:
        await model.learn_window(4096)
        assert model.spec.window == 4096
        assert model.spec.max_output <= 4096
    assert facts.known["gpt-5-mini"].window == 4096


@pytest.mark.parametrize("settings", [{"replies": "one"}, {"replies": [1]}, {"delay": "fast"}, {"delay": -1}])
async def test_a_wrong_script_is_one_line(settings: dict[str, Any]) -> None:
    models = [ModelConfig(id="actor", provider="scripted", extra_body=settings)]
    with pytest.raises(ConfigError, match=r"models: actor: extra_body\.\w+: expected"):
        async with open_models(models, {}, KeptFacts(), ManualClock()):
            pass


def test_prices_make_costs() -> None:
    price = known("gpt-5-mini").price
    assert price
    assert price.of(Usage(prompt=1_000_000, cached=0, completion=0)) == 250_000_000  # 0.25 $


async def test_a_model_that_no_table_lists_costs_what_its_line_says() -> None:
    priced = ModelConfig(id="priced", provider="scripted", price=PriceConfig(input=1, output=4))
    models = [priced, ModelConfig(id="free", provider="scripted")]
    async with open_models(models, {}, KeptFacts(), ManualClock()) as opened:
        assert [opened.get(name).spec.price for name in ("priced", "free")] == [Price(1000, 4000, 1000), Price(0, 0, 0)]

"""What is sent, and how a server that refuses a parameter is learnt about once and for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.config_models import Sampling
from core.domain import ModelFacts, Prompt
from core.errors import RequestRefused
from tests.support.clock import ManualClock
from tests.support.completions import CompletionsServer, Play, refuse, whole
from tests.support.models import HELLO, KeptFacts, ask, model_on

ALL = Sampling(
    temperature=0.7,
    top_p=0.9,
    frequency_penalty=0.1,
    presence_penalty=0.2,
    stop=("END",),
    seed=7,
    max_tokens=500,
    reasoning_effort="low",
)


@pytest.fixture
async def server() -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer() as server:
        yield server


async def bodies(server: CompletionsServer, facts: KeptFacts | None = None, **config: Any) -> list[dict[str, Any]]:
    """What was sent for one answer, with every sampling parameter set."""
    before = len(server.requests)
    async with model_on(server, ManualClock(), facts, **{"sampling": ALL, **config}) as model:
        await ask(model)
    return server.bodies[before:]


async def test_all_that_is_configured_is_sent(server: CompletionsServer) -> None:
    (body,) = await bodies(server, model="served-name", extra_body={"user": "parlour"})
    assert body == {
        "model": "served-name",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.7,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "stop": ["END"],
        "seed": 7,
        "max_tokens": 500,
        "reasoning_effort": "low",
        "user": "parlour",
    }


async def test_nothing_is_sent_that_is_not_configured(server: CompletionsServer) -> None:
    (body,) = await bodies(server, sampling=Sampling())
    assert set(body) == {"model", "messages", "stream", "stream_options"}


async def test_the_smaller_limit_counts(server: CompletionsServer) -> None:
    async with model_on(server, ManualClock(), sampling=ALL) as model:
        await ask(model, Prompt(HELLO.messages, max_output=100))
        await ask(model, Prompt(HELLO.messages, max_output=900))
    assert [body["max_tokens"] for body in server.bodies] == [100, 500]


async def test_key_and_headers_of_the_provider_go_along(server: CompletionsServer) -> None:
    await bodies(server)
    assert server.requests[-1].headers["authorization"].startswith("Bearer sk-test")


@pytest.mark.parametrize("name", ["temperature", "top_p", "stop", "seed", "reasoning_effort", "stream_options"])
async def test_a_refused_parameter_is_left_out_at_once_and_for_ever(name: str, server: CompletionsServer) -> None:
    server.refuses = {name}
    facts = KeptFacts()
    refused, taken = await bodies(server, facts)
    assert set(refused) - set(taken) == {name}
    (next_time,) = await bodies(server, facts)  # another process, the same store
    assert next_time == taken


async def test_several_are_learnt_one_after_the_other(server: CompletionsServer) -> None:
    server.refuses = {"temperature", "top_p", "frequency_penalty", "presence_penalty"}
    facts = KeptFacts()
    assert len(await bodies(server, facts)) == 5
    assert len(await bodies(server, facts)) == 1
    assert facts.known["gpt-5-mini"].refused == ("frequency_penalty", "presence_penalty", "temperature", "top_p")


@pytest.mark.parametrize(
    ("old", "new", "before"),
    [
        ("max_tokens", "max_completion_tokens", ModelFacts()),
        ("max_completion_tokens", "max_tokens", ModelFacts(renamed={"max_tokens": "max_completion_tokens"})),
    ],
)
async def test_the_output_limit_gets_its_other_name(
    old: str, new: str, before: ModelFacts, server: CompletionsServer
) -> None:
    server.refuses = {old}
    facts = KeptFacts(**{"gpt-5-mini": before})
    first, second = await bodies(server, facts)
    assert (first[old], second[new]) == (500, 500)
    assert old not in second
    (third,) = await bodies(server, facts)
    assert third == second


async def test_a_server_that_takes_no_output_limit_at_all_gets_none(server: CompletionsServer) -> None:
    server.refuses = {"max_tokens", "max_completion_tokens"}
    facts = KeptFacts()
    *_, last = await bodies(server, facts)
    assert not {"max_tokens", "max_completion_tokens"} & set(last)
    assert await bodies(server, facts) == [last]


WORDINGS: dict[str, tuple[Play, str]] = {
    "OpenAI, unsupported value": (
        refuse(400, "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.", "invalid_request_error", param="temperature", code="unsupported_value"),
        "temperature",
    ),
    "OpenAI, unknown": (refuse(400, "Unrecognized request argument supplied: seed", "invalid_request_error"), "seed"),
    "OpenAI, a part of one": (
        refuse(400, "Unknown parameter: 'stream_options.include_usage'.", "invalid_request_error", param="stream_options.include_usage", code="unknown_parameter"),
        "stream_options",
    ),
    "vLLM": (
        whole({"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'reasoning_effort'), 'msg': 'Extra inputs are not permitted'}]", "type": "BadRequestError", "param": None, "code": 400}, 400),
        "reasoning_effort",
    ),
    "FastAPI": (
        whole({"detail": [{"type": "extra_forbidden", "loc": ["body", "stop"], "msg": "Extra inputs are not permitted", "input": ["END"]}]}, 422),
        "stop",
    ),
    "Azure": (
        whole({"error": {"code": "BadRequest", "message": "Unrecognized request arguments supplied: stream_options", "param": None}}, 400),
        "stream_options",
    ),
    "LiteLLM": (
        whole({"error": {"message": "litellm.UnsupportedParamsError: azure does not support parameters: ['frequency_penalty'], for model=x.", "type": "None", "param": None, "code": "400"}}, 400),
        "frequency_penalty",
    ),
    "Ollama": (whole({"error": 'json: unknown field "presence_penalty"'}, 400), "presence_penalty"),
}  # fmt: skip


@pytest.mark.parametrize("maker", WORDINGS)
async def test_each_makers_way_to_refuse_is_understood(maker: str, server: CompletionsServer) -> None:
    play, name = WORDINGS[maker]
    server.plan(play)
    facts = KeptFacts()
    refused, taken = await bodies(server, facts)
    assert set(refused) - set(taken) == {name}
    assert facts.known["gpt-5-mini"].refused == (name,)


async def test_a_value_too_large_is_left_out_once_and_not_held_against_the_server(server: CompletionsServer) -> None:
    said = "max_tokens is too large: 500. This model supports at most 100 completion tokens."
    server.plan(refuse(400, said, "invalid_request_error", param="max_tokens", code="invalid_value"))
    facts = KeptFacts()
    _, second = await bodies(server, facts)
    assert "max_tokens" not in second
    assert not facts.known
    (next_time,) = await bodies(server, facts)
    assert next_time["max_tokens"] == 500


async def test_a_refusal_of_the_messages_is_no_matter_of_parameters(server: CompletionsServer) -> None:
    server.plan(refuse(400, "Invalid 'messages[1].content': please stop.", "invalid_request_error", param="messages"))
    with pytest.raises(RequestRefused):
        await bodies(server)
    assert len(server.requests) == 1


async def test_a_server_that_refuses_for_ever_is_asked_a_bounded_number_of_times(server: CompletionsServer) -> None:
    server.plan(*[refuse(400, f"Unsupported parameter: '{name}'", "x", param=name) for name in (*ALL.model_dump(), "stream_options", "max_completion_tokens")], refuse(400, "Still no.", "x"))  # fmt: skip
    with pytest.raises(RequestRefused):
        await bodies(server)
    assert len(server.requests) <= 12

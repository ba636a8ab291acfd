"""`/v1` as OpenAI's own Python package uses it, before a model's server that speaks the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from core.tasks import cancelled
from tests.support.api import HELLO, MODEL, OTHER, Api, read_into, serve_api
from tests.support.clock import until
from tests.support.completions import (
    DONE,
    KEY,
    USAGE,
    Wire,
    answer,
    chunk,
    completion,
    cut,
    ending,
    event,
    refuse,
    stream,
    whole,
    words,
)

TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}]
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"word": "Ada"}'}}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serve_api(tmp_path) as served:
        yield served


async def test_the_models_are_those_of_the_configuration(api: Api) -> None:
    assert [model.id async for model in api.client.models.list()] == [MODEL, OTHER]
    assert (await api.client.models.retrieve(MODEL)).owned_by == "parlour"


async def test_an_answer_comes_whole(api: Api) -> None:
    api.model.plan(completion("Good morning."))
    answered = await api.client.chat.completions.create(model=MODEL, messages=HELLO)
    assert answered.choices[0].message.content == "Good morning."
    assert answered.usage
    assert answered.usage.total_tokens == USAGE["total_tokens"]


async def test_an_answer_comes_in_pieces_and_its_usage_only_where_it_is_wanted(api: Api) -> None:
    api.model.plan(answer("Good morning, Ada."), answer("Good night."))
    streamed = await api.client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    chunks = [each async for each in streamed]
    assert "".join(each.choices[0].delta.content or "" for each in chunks) == "Good morning, Ada."
    assert all(each.usage is None for each in chunks)
    counted = await api.client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    last = [each async for each in counted][-1]
    assert not last.choices
    assert last.usage
    assert last.usage.prompt_tokens == USAGE["prompt_tokens"]


async def test_usage_that_the_models_server_does_not_report_is_estimated(api: Api) -> None:
    api.model.plan(answer("Good morning, Ada.", usage=None))
    counted = await api.client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    usage = [each async for each in counted][-1].usage
    assert usage
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens == 5


async def test_so_are_tools_and_their_calls(api: Api) -> None:
    usages = []
    for said, tools in (({"content": ""}, []), ({"content": None, "tool_calls": [CALL]}, TOOLS)):
        api.model.plan(whole({"choices": [{"index": 0, "message": {"role": "assistant", **said}}]}))
        usages.append((await api.post(tools=tools)).json()["usage"])
    plain, called = usages
    assert called["prompt_tokens"] > plain["prompt_tokens"] + 10
    assert called["completion_tokens"] > plain["completion_tokens"]


async def test_what_a_client_asks_for_reaches_the_model_as_it_is(api: Api) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    said: dict[str, Any] = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]}],
        "tools": TOOLS,
        "tool_choice": "auto",
        "response_format": {"type": "json_object"},
        "n": 2,
        "stop": ["END"],
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
    }
    assert (await api.post(**said)).status_code == 200
    sent = api.model.bodies[-1]
    assert {name: sent[name] for name in said} == said


async def test_calls_of_tools_come_back_untouched(api: Api) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    api.model.plan(
        whole({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": USAGE})
    )
    answered = await api.client.chat.completions.create(model=MODEL, messages=HELLO, extra_body={"tools": TOOLS})
    calls = answered.choices[0].message.tool_calls
    assert calls
    assert calls[0].to_dict() == CALL
    delta = {"tool_calls": [{"index": 0, **CALL}]}
    api.model.plan(stream(chunk(delta), *ending("tool_calls")))
    streamed = await api.client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    first = [each async for each in streamed][:1]
    assert [each.choices[0].delta.to_dict() for each in first] == [delta]


async def test_who_answers_stays_unknown(api: Api) -> None:
    """Neither the server's name of the model nor anything else by which it gives itself away."""
    shown = {"id": "gen-1", "model": "vendor/gpt-5-mini-2025", "provider": "Vendor", "system_fingerprint": "fp_vendor"}
    choice = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}
    api.model.plan(stream(event({**shown, "choices": [choice], "x_vendor": {"cost": 1}}), DONE))
    streamed = await api.post(stream=True)
    assert "endor" not in streamed.text
    assert f'"model":"{MODEL}"' in streamed.text
    assert not [name for name in streamed.headers if "vendor" in name.lower()]


async def test_an_answer_that_the_server_did_not_stream_comes_in_pieces_all_the_same(api: Api) -> None:
    api.model.plan(completion("All at once."))
    streamed = await api.client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    seen: list[str] = []
    await read_into(seen, streamed)
    assert "".join(seen) == "All at once."


async def test_an_output_limit_goes_by_the_name_that_the_server_knows(api: Api) -> None:
    api.model.refuses.add("max_tokens")
    answered = await api.client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=5)
    assert answered.choices
    assert api.model.bodies[-1]["max_completion_tokens"] == 5
    await api.client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=5)
    assert len(api.model.requests) == 3, "the name was not learnt"


async def test_a_parameter_that_the_server_refuses_is_named(api: Api) -> None:
    api.model.refuses.add("temperature")
    with pytest.raises(openai.BadRequestError) as refused:
        await api.client.chat.completions.create(model=MODEL, messages=HELLO, temperature=0)
    assert refused.value.param == "temperature"
    assert "not supported" in refused.value.message


@pytest.mark.parametrize(
    ("status", "told", "code"),
    [
        (401, 502, "model_key_refused"),
        (402, 503, "model_no_credit"),
        (404, 502, "model_unavailable"),
        (409, 503, "model_unreachable"),
        (413, 413, "invalid_value"),
        (422, 422, "invalid_value"),
        (429, 429, "rate_limit_exceeded"),
        (500, 503, "model_unreachable"),
    ],
)
async def test_what_goes_wrong_at_the_models_server_is_told_in_openais_shape(
    api: Api, status: int, told: int, code: str
) -> None:
    api.model.plan(
        refuse(status, f"The Vendor says no to {KEY}, see https://vendor.test/keys", "error", retry_after="7")
    )
    answered = await api.post()
    error = answered.json()["error"]
    assert (answered.status_code, error["code"]) == (told, code)
    assert set(error) == {"message", "type", "param", "code"}
    assert KEY not in answered.text
    assert "endor" not in answered.text


async def test_a_busy_model_says_when_to_come_back(api: Api) -> None:
    api.model.plan(refuse(429, "Rate limit reached", "requests", code="rate_limit_exceeded", retry_after="7"))
    with pytest.raises(openai.RateLimitError) as refused:
        await api.client.chat.completions.create(model=MODEL, messages=HELLO)
    assert refused.value.response.headers["retry-after"] == "7"


async def test_messages_beyond_the_models_window_are_refused_as_openai_does(api: Api) -> None:
    said = "This model's maximum context length is 8192 tokens."
    api.model.plan(refuse(400, said, "invalid_request_error", code="context_length_exceeded", param="messages"))
    with pytest.raises(openai.BadRequestError) as refused:
        await api.client.chat.completions.create(model=MODEL, messages=HELLO)
    assert (refused.value.code, refused.value.param) == ("context_length_exceeded", "messages")
    assert "8192" in refused.value.message


async def test_an_answer_that_breaks_off_ends_in_an_error(api: Api) -> None:
    api.model.plan(cut(*words("Half of an")))
    streamed = await api.client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    seen: list[str] = []
    with pytest.raises(openai.APIError, match="could not be read"):
        await read_into(seen, streamed)
    assert "".join(seen) == "Half of an"


async def test_an_error_within_the_first_words_is_an_error_of_the_request(api: Api) -> None:
    api.model.plan(stream(event({"error": {"message": "overloaded", "code": 503}})))
    with pytest.raises(openai.InternalServerError):
        await api.client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_client_that_hangs_up_ends_the_call_of_the_model(api: Api, *, streamed: bool) -> None:
    gone: list[bool] = []

    async def write_for_ever(wire: Wire) -> None:
        if streamed:
            await wire.begin_stream()
            await wire.piece(words("Once upon a time")[0])
        await wire.until_gone()
        gone.append(True)

    api.model.plan(write_for_ever)
    asking = asyncio.create_task(api.post(stream=streamed))
    await until(lambda: bool(api.model.requests))
    await cancelled(asking)
    await until(lambda: bool(gone))

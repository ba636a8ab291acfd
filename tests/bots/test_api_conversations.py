"""Requests in conversations that the server keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from core.tasks import cancelled
from tests.support.api import HELLO, MODEL, OTHER, Api, program, read_into, serve_api
from tests.support.clock import until
from tests.support.completions import Wire, answer, cut, ending, refuse, words


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serve_api(tmp_path) as served:
        yield served


def seen_by_the_model(api: Api) -> list[str]:
    """The newest prompt, without the persona."""
    return [message["content"] for message in api.model.bodies[-1]["messages"][1:]]


async def say(client: openai.AsyncOpenAI, text: str, conversation: str = "work", **more: Any) -> str:
    answered = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": text}], extra_body={"conversation": conversation}, **more
    )
    return str(answered.choices[0].message.content)


async def test_only_the_new_message_need_be_sent(api: Api) -> None:
    api.model.plan(answer("Nice to meet you, Ada."))
    assert await say(api.client, "My name is Ada.") == "Nice to meet you, Ada."
    await say(api.client, "What is my name?")
    assert seen_by_the_model(api) == ["My name is Ada.", "Nice to meet you, Ada.", "What is my name?"]


async def test_the_header_names_a_conversation_as_the_body_does(api: Api) -> None:
    await say(api.client, "My name is Ada.")
    await api.client.chat.completions.create(model=MODEL, messages=HELLO, extra_headers={"X-Conversation": "work"})
    assert seen_by_the_model(api)[0] == "My name is Ada."


async def test_a_kept_conversation_streams_as_any_other(api: Api) -> None:
    api.model.plan(answer("One two three four."))
    streamed = await api.client.chat.completions.create(
        model=MODEL,
        messages=HELLO,
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"conversation": "work"},
    )
    chunks = [each async for each in streamed]
    assert "".join(each.choices[0].delta.content or "" for each in chunks if each.choices) == "One two three four."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage
    assert {each.model for each in chunks} == {MODEL}


async def test_what_is_asked_of_one_answer_holds_for_that_answer(api: Api) -> None:
    await say(api.client, "Hello", temperature=0.3, max_tokens=7, stop=["END"])
    sent = api.model.bodies[-1]
    assert (sent["temperature"], sent["max_tokens"], sent["stop"]) == (0.3, 7, ["END"])
    await say(api.client, "Hello")
    assert "temperature" not in api.model.bodies[-1]


async def test_an_answer_whose_length_was_asked_for_is_not_continued(api: Api) -> None:
    api.model.plan(answer("One two three", "length"))
    answered = await api.client.chat.completions.create(
        model=MODEL, messages=HELLO, max_tokens=3, extra_body={"conversation": "work"}
    )
    assert answered.choices[0].finish_reason == "length"
    assert len(api.model.requests) == 1


async def test_a_system_message_is_shown_with_its_question_only(api: Api) -> None:
    instructed: Any = [{"role": "system", "content": "Answer in French."}, *HELLO]
    await api.client.chat.completions.create(model=MODEL, messages=instructed, extra_body={"conversation": "work"})
    assert "Answer in French." in str(seen_by_the_model(api))
    await say(api.client, "And now?")
    assert "Answer in French." not in str(seen_by_the_model(api))


async def test_a_command_is_a_text_like_any_other(api: Api) -> None:
    await say(api.client, "My name is Ada.")
    await say(api.client, "/new")
    assert seen_by_the_model(api)[-1] == "/new"
    assert seen_by_the_model(api)[0] == "My name is Ada."


async def test_clients_cannot_see_each_others_conversations(tmp_path: Path) -> None:
    async with serve_api(tmp_path, clients=(program("shop"), program("school"))) as api:
        await say(api.as_client("key-of-shop"), "The code is 1234.")
        await say(api.as_client("key-of-school"), "What is the code?")
        assert seen_by_the_model(api) == ["What is the code?"]


async def test_a_conversation_is_not_answered_by_a_model_that_its_client_may_not_ask(tmp_path: Path) -> None:
    async with serve_api(tmp_path, clients=(program("shop", models=(OTHER,)),)) as api:
        key = {"Authorization": "Bearer key-of-shop"}
        answered = await api.http.post(
            "/chat/completions", json={"conversation": "work", "messages": HELLO}, headers=key
        )
        assert (answered.status_code, answered.json()["model"]) == (200, OTHER)
        assert not api.model.requests


async def test_a_client_that_hangs_up_does_not_end_the_answer(api: Api) -> None:
    """It finds the whole of it under the same key, and the model is not asked again."""
    hung_up = asyncio.Event()

    async def wait_then_answer(wire: Wire) -> None:
        await wire.begin_stream()
        await wire.piece(words("All")[0])
        await hung_up.wait()
        for piece in (*words("All of it.")[1:], *ending()):
            await wire.piece(piece)
        await wire.end_stream()

    api.model.plan(wait_then_answer)
    key = {"Idempotency-Key": "order-1"}
    asking = asyncio.create_task(api.post(key, conversation="work"))
    await until(lambda: bool(api.model.requests))
    await cancelled(asking)
    hung_up.set()
    again = await api.post(key, conversation="work")
    assert again.json()["choices"][0]["message"]["content"] == "All of it."
    assert len(api.model.requests) == 1


async def test_an_error_of_the_model_has_its_status_before_the_first_word(api: Api) -> None:
    api.model.plan(refuse(401, "Incorrect API key provided", "invalid_request_error", code="invalid_api_key"))
    status, error = await api.refused(conversation="work", stream=True)
    assert (status, error["code"]) == (502, "model_key_refused")


async def test_a_client_is_told_when_to_come_again(api: Api) -> None:
    api.model.plan(refuse(429, "Slow down", "requests", **{"Retry-After": "600"}))
    answered = await api.post(conversation="work")
    assert (answered.status_code, answered.headers["Retry-After"]) == (429, "600")


async def test_a_request_that_failed_is_asked_anew_when_it_comes_again(api: Api) -> None:
    api.model.plan(refuse(401, "No such key", "invalid_request_error"), answer("At last."))
    key = {"Idempotency-Key": "order-1"}
    assert (await api.post(key, conversation="work")).status_code == 502
    for _ in range(2):
        again = await api.post(key, conversation="work")
        assert again.json()["choices"][0]["message"]["content"] == "At last."
    assert len(api.model.requests) == 2


async def test_words_that_were_taken_back_end_a_stream_with_an_error(api: Api) -> None:
    api.model.plan(cut(*words("Once upon a time")), answer("Something else altogether."))
    seen: list[str] = []
    streamed = await api.client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, extra_body={"conversation": "work"}
    )
    with pytest.raises(openai.APIError, match="Idempotency-Key"):
        await read_into(seen, streamed)
    assert "Once upon a time".startswith("".join(seen))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": []}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"conversation": "no blanks"}, "conversation"),
        ({"messages": [*HELLO, {"role": "assistant", "content": "Hi"}]}, "messages[1].role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "  "}]}, "messages"),
        ({"messages": [{"role": "user", "content": "word " * 300_000}]}, "messages"),
    ],
)
async def test_what_a_conversation_cannot_do_is_refused_by_name(api: Api, body: dict[str, Any], param: str) -> None:
    status, error = await api.refused(**{"conversation": "work", **body})
    assert (status, error["param"]) == (400, param)
    assert not api.model.requests

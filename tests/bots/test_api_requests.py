"""What the API does not do, and how it says so; who may use it; requests that come twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from core.tasks import cancelled
from tests.support.api import HELLO, MODEL, OTHER, Api, program, serve_api
from tests.support.clock import until
from tests.support.completions import Wire, answer, completion, cut, refuse, words
from tests.support.sockets import dial

FALLBACK = f"fallback: [{OTHER}]"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serve_api(tmp_path) as served:
        yield served


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"messages": []}, "messages", "invalid_value"),
        ({"messages": HELLO * 10_001}, "messages", "invalid_value"),
        ({"messages": "Hello"}, "messages", "invalid_type"),
        ({"messages": [{"role": "bot", "content": "Hi"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [*HELLO, {"role": "user"}]}, "messages[1].content", "missing_required_parameter"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_type"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"temperature": 3}, "temperature", "invalid_value"),
        ({"n": True}, "n", "invalid_type"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"stop": list("abcde")}, "stop", "invalid_value"),
        ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage", "invalid_type"),
        ({"provider": {"order": ["dearest"]}}, "provider", "unsupported_parameter"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(api: Api, body: dict[str, Any], param: str, code: str) -> None:
    status, error = await api.refused(**body)
    assert (status, error["param"], error["code"]) == (400, param, code)
    assert param in error["message"]
    assert not api.model.requests


@pytest.mark.parametrize(
    ("content", "code"), [(b"{", "invalid_json"), (b"[]", "invalid_type"), (b'"\xff"', "invalid_json")]
)
async def test_a_body_that_is_no_object_is_refused(api: Api, content: bytes, code: str) -> None:
    answered = await api.http.post("/chat/completions", content=content, headers={"Content-Type": "application/json"})
    assert (answered.status_code, answered.json()["error"]["code"]) == (400, code)


async def test_who_hangs_up_in_the_middle_of_a_request_breaks_nothing(api: Api) -> None:
    port = urlsplit(api.url).port or 0
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    with capture_logs() as lines:
        line = await dial(port, f"{head}Content-Length: 500\r\n\r\n{{".encode())
        await api.post()  # by then the other one is waited for
        await line.close()
        await api.post()
    assert "api.broken" not in {said["event"] for said in lines}


async def test_other_requests_are_refused_in_the_same_shape(api: Api) -> None:
    for method, path, status in (
        ("POST", "/embeddings", 404),
        ("GET", "/chat/completions", 405),
        ("GET", "/models/none", 404),
        ("GET", "/models/", 404),
        ("DELETE", f"/models/{MODEL}", 405),
    ):
        answered = await api.http.request(method, path)
        assert answered.status_code == status, path
        assert answered.json()["error"]["type"] == "invalid_request_error"
    untyped = await api.http.post("/chat/completions", content=b"{}")
    assert (untyped.status_code, untyped.json()["error"]["code"]) == (415, "unsupported_media_type")
    large = await api.http.post("/chat/completions", json={"messages": "x" * 10_000_000})
    assert (large.status_code, large.json()["error"]["code"]) == (413, "request_too_large")


async def test_an_unknown_model_is_told_as_openai_does(api: Api) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        await api.client.chat.completions.create(model="gpt-9", messages=HELLO)
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


async def test_pages_of_other_sites_get_nothing(api: Api) -> None:
    """Neither leave to ask, nor, if they ask nevertheless, an answer."""
    asked = await api.post({"Origin": "https://elsewhere.test"})
    assert asked.status_code == 403
    assert "access-control-allow-origin" not in asked.headers
    assert not api.model.requests


async def test_each_client_has_a_key_and_models_of_its_own(tmp_path: Path) -> None:
    clients = (program("shop", models=(OTHER,)), program("school"))
    async with serve_api(tmp_path, clients=clients) as api:
        with pytest.raises(openai.AuthenticationError):
            await api.client.models.list()
        shop, school = api.as_client("key-of-shop"), api.as_client("key-of-school")
        assert [model.id async for model in shop.models.list()] == [OTHER]
        assert [model.id async for model in school.models.list()] == [MODEL, OTHER]
        with pytest.raises(openai.NotFoundError):
            await shop.chat.completions.create(model=MODEL, messages=HELLO)


async def test_where_a_token_is_set_it_is_the_operators_key(tmp_path: Path) -> None:
    async with serve_api(tmp_path, token=SecretStr("a-token-of-the-operator")) as api:
        unknown = await api.http.get("/models")
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (401, "missing_api_key")
        assert [model.id async for model in api.as_client("a-token-of-the-operator").models.list()] == [MODEL, OTHER]


async def test_where_everybody_may_come_in_a_conversation_needs_a_key(tmp_path: Path) -> None:
    """Without one it would be anybody's."""
    async with serve_api(tmp_path, open=True) as api:
        assert (await api.post()).status_code == 200
        status, error = await api.refused(conversation="work")
        assert (status, error["param"]) == (403, "conversation")


def test_no_client_goes_by_the_operators_name() -> None:
    with pytest.raises(ValidationError, match="operator"):
        program("owner")


async def test_another_model_answers_for_one_that_fails_before_its_first_word(tmp_path: Path) -> None:
    async with serve_api(tmp_path, FALLBACK) as api:
        api.model.plan(refuse(503, "Down", "server_error"), refuse(400, "Bad", "invalid_request_error", param="stop"))
        answered = await api.client.chat.completions.create(model=MODEL, messages=HELLO)
        assert (answered.model, answered.choices[0].message.content) == (OTHER, "You said: Hello")
        with pytest.raises(openai.BadRequestError):  # what is wrong with the request is not asked of another
            await api.client.chat.completions.create(model=MODEL, messages=HELLO)


async def test_a_client_is_not_answered_by_a_model_that_it_may_not_ask(tmp_path: Path) -> None:
    async with serve_api(tmp_path, FALLBACK, clients=(program("shop", models=(MODEL,)),)) as api:
        api.model.plan(refuse(503, "Down", "server_error"))
        with pytest.raises(openai.InternalServerError):
            await api.as_client("key-of-shop").chat.completions.create(model=MODEL, messages=HELLO)


# Requests that come twice


async def test_a_request_that_comes_again_gets_the_same_answer(api: Api) -> None:
    key = {"Idempotency-Key": "order-1"}
    first, again = await api.post(key), await api.post(key)
    assert first.content == again.content
    assert len(api.model.requests) == 1


async def test_a_streamed_answer_comes_again_as_it_was(api: Api) -> None:
    key = {"Idempotency-Key": "order-1"}
    first, again = await api.post(key, stream=True), await api.post(key, stream=True)
    assert first.text == again.text
    assert again.headers["content-type"].startswith("text/event-stream")
    assert len(api.model.requests) == 1


async def test_a_request_that_comes_while_it_is_answered_waits_for_that_answer(api: Api) -> None:
    """Also when the one who came first is gone by then."""
    second = asyncio.Event()

    async def wait_then_answer(wire: Wire) -> None:
        await second.wait()
        await completion("One for both.")(wire)

    api.model.plan(wait_then_answer)
    key = {"Idempotency-Key": "order-1"}
    asking = asyncio.create_task(api.post(key))
    await until(lambda: bool(api.model.requests))
    await cancelled(asking)
    asking_again = asyncio.create_task(api.post(key))
    second.set()
    assert (await asking_again).json()["choices"][0]["message"]["content"] == "One for both."
    assert len(api.model.requests) == 1


async def test_a_key_belongs_to_one_request(api: Api) -> None:
    key = {"Idempotency-Key": "order-1"}
    await api.post(key)
    other = await api.post(key, temperature=0)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")


async def test_what_failed_is_tried_anew_under_its_key(api: Api) -> None:
    key = {"Idempotency-Key": "order-1"}
    api.model.plan(refuse(500, "Down", "server_error"), cut(*words("Half")), answer("Whole."))
    assert (await api.post(key)).status_code == 503
    assert "error" in (await api.post(key, stream=True)).text
    assert "Whole" in (await api.post(key, stream=True)).text

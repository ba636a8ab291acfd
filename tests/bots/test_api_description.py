"""`/openapi.json`: a valid description, and a true one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import SecretStr

from bots.web.api.openapi import document
from tests.support.api import HELLO, MODEL, serve_api


def described(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**document(), "$ref": f"#/components/schemas/{schema}"})


def test_it_is_valid() -> None:
    OpenAPIV31SpecValidator(document()).validate()


async def test_everybody_may_read_it(tmp_path: Path) -> None:
    async with serve_api(tmp_path, token=SecretStr("a-token-of-the-operator")) as api:
        assert (await api.http.get(api.url.replace("/v1", "/openapi.json"))).json() == document()


async def test_answers_and_errors_are_as_it_says(tmp_path: Path) -> None:
    async with serve_api(tmp_path) as api:
        described("Completion").validate((await api.post()).json())
        described("Completion").validate((await api.post(conversation="work")).json())
        described("Models").validate((await api.http.get("/models")).json())
        described("Model").validate((await api.http.get(f"/models/{MODEL}")).json())
        described("Refusal").validate((await api.post(temperature=9)).json())


@pytest.mark.parametrize(
    ("body", "is_valid"),
    [
        ({"model": MODEL, "messages": HELLO, "top_k": 40}, True),
        ({"messages": HELLO, "conversation": "work", "max_tokens": None}, True),
        ({"messages": HELLO, "conversation": "no blanks"}, False),
        ({"model": MODEL, "messages": [{"role": "bot", "content": "Hi"}]}, False),
        ({"model": MODEL, "messages": HELLO, "temperature": "hot"}, False),
        ({"model": MODEL}, False),
    ],
)
def test_it_takes_the_requests_that_the_api_takes(body: dict[str, Any], *, is_valid: bool) -> None:
    assert described("CompletionShape").is_valid(body) is is_valid

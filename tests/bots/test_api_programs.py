"""Programs of others that speak the API, unchanged: OpenAI's package for Node, and the chat program `llm`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.api import MODEL, OTHER, Api, serve_api
from tests.support.completions import USAGE, refuse
from tests.support.programs import LLM, Said, needs_clients, run, run_node
from tests.support.tree import ROOT

pytestmark = needs_clients


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serve_api(tmp_path) as served:
        yield served


async def test_the_package_for_node(api: Api, tmp_path: Path) -> None:
    said = await run_node((ROOT / "tests/support/client.mjs").read_text(), tmp_path, URL=api.url)
    assert said.err == ""
    assert json.loads(said.out) == {
        "models": [MODEL, OTHER],
        "whole": "Hello there.",
        "streamed": "Hello there.",
        "usage": USAGE["total_tokens"],
        "kept": "Hello there.",
        "unknown": {"kind": "NotFoundError", "status": 404, "code": "model_not_found", "param": "model"},
        "wrong": {"kind": "BadRequestError", "status": 400, "code": "invalid_value", "param": "temperature"},
    }


async def llm(api: Api, folder: Path, *words: str, given: str = "") -> Said:
    settings = [
        {"model_id": name, "model_name": name, "api_base": api.url, "api_key_name": "none"} for name in (MODEL, "gpt-9")
    ]
    (folder / "extra-openai-models.yaml").write_text(json.dumps(settings))
    return await run(LLM, *words, folder=folder, given=given, LLM_USER_PATH=str(folder), OPENAI_API_KEY="any")


@pytest.mark.parametrize("how", [[], ["--no-stream"]])
async def test_llm_asks_streamed_or_not(api: Api, tmp_path: Path, how: list[str]) -> None:
    said = await llm(api, tmp_path, "-m", MODEL, *how, "Hello")
    assert (said.out.strip(), said.code) == ("Hello there.", 0)
    assert api.model.bodies[-1]["stream"] is (not how)


async def test_llm_chats(api: Api, tmp_path: Path) -> None:
    said = await llm(api, tmp_path, "chat", "-m", MODEL, given="My name is Ada.\nWhat is my name?\nexit\n")
    assert said.out.count("Hello there.") == 2
    assert api.model.bodies[-1]["messages"][0]["content"] == "My name is Ada."


async def test_llm_shows_errors_in_their_own_words(api: Api, tmp_path: Path) -> None:
    unknown = await llm(api, tmp_path, "-m", "gpt-9", "Hello")
    assert "does not exist" in unknown.err
    api.model.plan(*[refuse(401, "Incorrect key", "invalid_request_error", code="invalid_api_key")] * 5)
    assert "refused our key" in (await llm(api, tmp_path, "-m", MODEL, "Hello")).err

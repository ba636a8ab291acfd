"""The examples of `docs/api.md`, as they stand there."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.api import Api, serve_api
from tests.support.completions import answer
from tests.support.programs import Said, needs_clients, run, run_node
from tests.support.tree import ROOT

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def example(language: str, words: str) -> str:
    """The block in *language* that has these *words*."""
    blocks = _BLOCK.findall((ROOT / "docs/api.md").read_text())
    return str(next(text for name, text in blocks if name == language and words in text))


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serve_api(tmp_path) as served:
        yield served


async def shell(api: Api, folder: Path, script: str) -> Said:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    return await run("sh", "-euc", script, folder=folder, PARLOUR_URL=api.url, PARLOUR_KEY="any")


async def test_asking_with_curl(api: Api, tmp_path: Path) -> None:
    said = await shell(api, tmp_path, example("sh", "stream"))
    assert '"content":" there."' in said.out
    assert said.out.endswith("data: [DONE]\n\n")


async def test_a_conversation_with_curl(api: Api, tmp_path: Path) -> None:
    api.model.plan(answer("Nice to meet you, Ada."), answer("Your name is Ada."))
    said = await shell(api, tmp_path, example("sh", "X-Conversation"))
    assert "Your name is Ada." in said.out
    assert [message["content"] for message in api.model.bodies[-1]["messages"][1:]] == [
        "My name is Ada.",
        "Nice to meet you, Ada.",
        "What is my name?",
    ]


async def test_asking_in_python(api: Api, tmp_path: Path) -> None:
    program = example("python", "from openai import OpenAI")
    said = await run(sys.executable, "-c", program, folder=tmp_path, PARLOUR_URL=api.url, PARLOUR_KEY="any")
    assert (said.out, said.err) == ("Hello there.", "")


@needs_clients
async def test_asking_in_javascript(api: Api, tmp_path: Path) -> None:
    said = await run_node(example("js", "new OpenAI"), tmp_path, PARLOUR_URL=api.url, PARLOUR_KEY="any")
    assert (said.out, said.err) == ("Hello there.", "")

"""The conversations in the documentation can be had: played again, only the model's words may differ."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import groupby

import pytest

from bench import discord_transcript, telegram_transcript
from bench._transcript import Transcript
from tests.support.tree import ROOT

ECHO = "{id: echo, provider: scripted, extra_body: {delay: 0.02}}"


@pytest.mark.parametrize(
    ("document", "played"),
    [("docs/discord.md", discord_transcript.played), ("docs/telegram.md", telegram_transcript.played)],
)
async def test_the_conversation_in_the_documentation_can_be_had(
    document: str, played: Callable[[str], Awaitable[Transcript]]
) -> None:
    text = (ROOT / document).read_text()
    shown = re.search(r"^```\n(A (?:direct message|private chat)\n.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert outline(shown[1].splitlines()) == outline((await played(ECHO)).lines)


def outline(lines: Iterable[str]) -> list[str]:
    """Who does what where, and what is above and under the answers; their words and how they grew left out."""
    return [line for line, _ in groupby(_framing(lines))]


def _framing(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        words = line.removeprefix("parlour").strip()
        by_bot = line.startswith((" ", "parlour"))
        if not by_bot or (words.startswith(("↪ ", "> ", "[")) and words != "[Stop]"):
            yield words

"""The page's words: those it asks for are there, and nothing else is."""

from __future__ import annotations

import re

import pytest

from core.wording_page import ENGLISH, LANGUAGES, words
from tests.support.sentences import placeholders
from tests.support.tree import ROOT

STATIC = ROOT / "bots/web/static"
SCRIPTS = "".join(file.read_text() for file in sorted((STATIC / "js").glob("*.js")))
NAMED = set(re.findall(r'"(\w+)"', SCRIPTS)) | set(re.findall(r"\{\{(\w+)\}\}", (STATIC / "index.html").read_text()))
FAMILIES = tuple(re.findall(r"say\(`(\w+_)\$\{", SCRIPTS))
"""Beginnings of names that the page puts together."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_there_in_every_language(language: str) -> None:
    assert set(LANGUAGES[language]) == set(ENGLISH)
    assert not [name for name, text in LANGUAGES[language].items() if placeholders(text) != placeholders(ENGLISH[name])]


def test_the_page_asks_for_no_word_that_is_not_there() -> None:
    asked = re.findall(r'say\("(\w+)"', SCRIPTS)
    assert len(asked) > 50
    assert not set(asked) - set(ENGLISH)


def test_every_word_is_used() -> None:
    assert not [name for name in ENGLISH if name not in NAMED and not name.startswith(FAMILIES)]


def test_a_language_that_is_not_spoken_here_is_english() -> None:
    assert words("zh-Hant-TW")["send"] == "发送"
    assert words("fr")["send"] == "Send"

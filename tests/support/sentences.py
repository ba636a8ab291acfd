"""What a test asks of sentences that people read."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from core import wording, wording_door, wording_page
from core.wording import Sentence
from core.wording_door import Notice

_FEW, _TEENS = range(2, 5), range(12, 15)


def placeholders(text: str) -> set[str]:
    """What is filled into *text* when it is said."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def forms(language: Mapping[Any, str]) -> Iterator[list[str]]:
    """The forms of each word that goes with a number, in all that is said."""
    for text in language.values():
        yield from (spec.split("|") for _, _, spec, _ in string.Formatter().parse(text) if spec)


def polish(whole: int, decimals: int) -> int:
    """Source: Unicode CLDR, "Language Plural Rules", Polish."""
    if decimals:
        return 3
    if whole == 1:
        return 0
    return 1 if whole % 10 in _FEW and whole % 100 not in _TEENS else 2


def speak_polish(patch: pytest.MonkeyPatch) -> None:
    """Adds a language as `CONTRIBUTING.md` says it; what a test does not look at stays English."""
    some = {
        Sentence.EXPORT_DONE: "Rozmowa: {messages:wiadomość|wiadomości|wiadomości}.",
        Sentence.BUDGET_TOKENS: "{tokens:token|tokeny|tokenów}",
        Sentence.TIME_DAYS: "{number:dzień|dni|dni|dnia}",
    }
    wait = {Notice.LOGIN_SLOWLY: "Proszę poczekać {seconds:sekundę|sekundy|sekund}."}
    page = {"tokens": "{tokens:token|tokeny|tokenów}"}
    patch.setitem(wording.LANGUAGES, "pl", {**wording.ENGLISH, **some})
    patch.setitem(wording_door.LANGUAGES, "pl", {**wording_door.ENGLISH, **wait})
    patch.setitem(wording_page.LANGUAGES, "pl", {**wording_page.ENGLISH, **page})
    patch.setitem(wording.TONGUES, "pl", "polski")
    patch.setitem(wording.PLURALS, "pl", polish)

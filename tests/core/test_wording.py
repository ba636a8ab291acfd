"""Every sentence exists in every language, with the same things to fill in."""

from __future__ import annotations

from string import Formatter

import pytest

from core import errors, wording_door, wording_page
from core.wording import ENGLISH, LANGUAGES, TONGUES, Sentence, say, tongue_of


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def kinds(base: type[errors.ChatError]) -> set[type[errors.ChatError]]:
    return {base}.union(*(kinds(kind) for kind in base.__subclasses__()))


def test_a_language_is_spoken_everywhere_or_nowhere() -> None:
    assert TONGUES.keys() == LANGUAGES.keys() == wording_door.LANGUAGES.keys() == wording_page.LANGUAGES.keys()


@pytest.mark.parametrize(
    ("wanted", "spoken"), [("zh-TW", "zh"), ("zh_CN", "zh"), ("EN-us", "en"), ("tlh", "en"), ("", "en")]
)
def test_a_reader_gets_the_language_that_is_nearest(wanted: str, spoken: str) -> None:
    assert tongue_of(wanted) == spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_speaks_every_sentence(language: str) -> None:
    assert set(LANGUAGES[language]) == set(Sentence)
    assert all(text.strip() for text in LANGUAGES[language].values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sentence", Sentence)
def test_a_translation_says_the_same_things(language: str, sentence: Sentence) -> None:
    assert placeholders(LANGUAGES[language][sentence]) == placeholders(ENGLISH[sentence])


@pytest.mark.parametrize(
    ("tag", "spoken"),
    [("zh", "zh"), ("zh-Hant-TW", "zh"), ("zh_CN", "zh"), ("en-GB", "en"), ("tlh", "en"), ("", "en")],
)
def test_a_user_is_answered_in_their_language_or_in_english(tag: str, spoken: str) -> None:
    assert say(Sentence.STOPPED, tag) == LANGUAGES[spoken][Sentence.STOPPED]


@pytest.mark.parametrize("kind", sorted(kinds(errors.ChatError), key=str))
def test_everything_that_can_go_wrong_is_one_short_sentence(kind: type[errors.ChatError]) -> None:
    sentence = ENGLISH[kind.sentence]
    assert "\n" not in sentence
    assert len(sentence) <= 120

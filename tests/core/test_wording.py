"""Every sentence exists in every language, with the same things to fill in."""

from __future__ import annotations

import re

import pytest

from core import errors, wording_door, wording_page
from core.wording import ENGLISH, LANGUAGES, TONGUES, Sentence, say, tongue_of
from tests.support.sentences import placeholders


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
    ("number", "said"), [(1, "1 message"), ("1", "1 message"), (0, "0 messages"), ("1,001", "1,001 messages")]
)
def test_a_number_has_the_word_that_goes_with_it(number: object, said: str) -> None:
    assert say(Sentence.EXPORT_DONE, "en", messages=number) == f"The conversation: {said}."


def test_no_number_is_said_with_one_word_for_any() -> None:
    everything = "\n".join(
        [*ENGLISH.values(), *wording_door.LANGUAGES["en"].values(), *wording_page.LANGUAGES["en"].values()]
    )
    names = "answers|budget|conversations|days|failures|messages|prompt|rows|seconds|tokens"
    assert not re.findall(rf"\{{(?:{names})\}} \w+ies|\{{(?:{names})\}} (?:\w+ )?\w+s\b", everything)


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

"""Every sentence exists in every language, with the same things to fill in."""

from __future__ import annotations

import re

import pytest

from core import errors, wording_door, wording_page
from core.wording import ENGLISH, LANGUAGES, PLURALS, TONGUES, Sentence, say, tongue_of
from core.wording_door import Notice, tell
from tests.support.sentences import forms, placeholders, speak_polish


def kinds(base: type[errors.ChatError]) -> set[type[errors.ChatError]]:
    return {base}.union(*(kinds(kind) for kind in base.__subclasses__()))


def test_a_language_is_spoken_everywhere_or_nowhere() -> None:
    words = (LANGUAGES, wording_door.LANGUAGES, wording_page.LANGUAGES, PLURALS)
    assert all(spoken.keys() == TONGUES.keys() for spoken in words)


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_has_a_form_for_every_whole_number(language: str) -> None:
    needed = 1 + max(PLURALS[language](number, 0) for number in range(1000))
    for said in (LANGUAGES[language], wording_door.LANGUAGES[language], wording_page.LANGUAGES[language]):
        assert all(len(found) >= needed for found in forms(said))


@pytest.mark.parametrize(
    ("number", "form"),
    [("1", "dzień"), ("2", "dni"), ("5", "dni"), ("1.5", "dnia"), ("1095", "dni")],
)
def test_a_language_may_have_more_forms_than_two(number: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    speak_polish(monkeypatch)
    assert say(Sentence.TIME_DAYS, "pl-PL", number=number) == f"{number} {form}"


@pytest.mark.parametrize(
    ("number", "form"), [("1", "token"), ("4", "tokeny"), ("12", "tokenów"), ("1,022", "tokeny"), ("0.5", "tokenów")]
)
def test_the_last_form_stands_for_those_that_are_not_written(
    number: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak_polish(monkeypatch)
    assert say(Sentence.BUDGET_TOKENS, "pl", tokens=number) == f"{number} {form}"


def test_the_login_knows_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_polish(monkeypatch)
    assert tell(Notice.LOGIN_SLOWLY, "pl", seconds=23) == "Proszę poczekać 23 sekundy."


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

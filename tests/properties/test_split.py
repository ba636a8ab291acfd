"""Splitting: nothing lost, nothing too long, fences whole, graphemes whole, and full messages stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from bots.shared.split import LEAST, pieces, split, utf16_units

LIMITS = st.integers(LEAST, 400)
MEASURES = st.sampled_from([len, utf16_units])

WORDS = st.sampled_from(
    [
        "word",
        "a",
        "sentence. ",
        "end! ",
        " ",
        "\n",
        "\n\n",
        "，",
        "。",
        "汉字",
        "עברית",
        "- item\n",
        "| a | b |\n",
        "x" * 90,
    ]
)
GRAPHEMES = st.sampled_from(["e\u0301", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "क्षि", "한", "\r\n", " \u0301"])
FENCES = st.sampled_from(
    [
        "```",
        "```\n",
        "```python\n",
        "\n```\n",
        "\n    ```sh\n",
        "1. ```js\n",
        "~~~\n",
        "````md\n",
        "`",
        "``",
        "`code`",
        "~",
    ]
)
CODE = st.lists(st.sampled_from(["x = 1\n", "    return\n", "\n", "y" * 60]), max_size=40).map("".join)
BLOCKS = st.builds("\n```{}\n{}\n```\n".format, st.sampled_from(["", "py", "c++"]), CODE)
TEXTS = st.lists(st.one_of(WORDS, GRAPHEMES, FENCES, BLOCKS, st.text(max_size=5)), max_size=120).map("".join)


def fence_after(text: str) -> str:
    """The fence that a reader finds open at the end of a message."""
    mark = ""
    for line in text.split("\n"):
        found = re.match(r"[ \t]{0,12}(?:(?:[-*+]|\d{1,3}[.)])[ \t]{1,4})?(`{3,16}|~{3,16})([^`~]{0,60})$", line)
        closes = re.match(r"[ \t]{0,12}(`{3,16}|~{3,16})[ \t\r]*$", line)
        if mark and closes and closes[1].startswith(mark):
            mark = ""
        elif not mark and found:
            mark = found[1]
    return mark


@given(TEXTS, LIMITS, MEASURES)
def test_no_message_is_longer_than_the_limit(text: str, limit: int, measure: Callable[[str], int]) -> None:
    assert all(measure(part) <= limit for part in split(text, limit, measure))


@given(TEXTS, LIMITS, MEASURES)
def test_nothing_is_lost(text: str, limit: int, measure: Callable[[str], int]) -> None:
    assert "".join(piece.text for piece in pieces(text, limit, measure)) == text


@given(TEXTS, LIMITS)
def test_what_is_added_is_fences_and_nothing_else(text: str, limit: int) -> None:
    for piece in pieces(text, limit):
        assert re.fullmatch(r"(?:(?:`{3,}|~{3,})[\w+#.-]*\n)?", piece.before)
        assert re.fullmatch(r"\n?(?:`*|~*)", piece.after)


@given(TEXTS, LIMITS)
def test_each_message_closes_its_fences(text: str, limit: int) -> None:
    assert not [part for part in split(text, limit) if fence_after(part)]


@given(TEXTS, LIMITS, MEASURES, st.data())
def test_full_messages_stay_while_the_text_grows(
    text: str, limit: int, measure: Callable[[str], int], data: st.DataObject
) -> None:
    so_far = text[: data.draw(st.integers(0, len(text)))]
    full = split(so_far, limit, measure)[:-1]
    assert split(text, limit, measure)[: len(full)] == full


@given(TEXTS, LIMITS, MEASURES)
def test_graphemes_stay_whole(text: str, limit: int, measure: Callable[[str], int]) -> None:
    whole = set(accumulate(map(len, iter_graphemes(text))))
    assert whole.issuperset(accumulate(len(piece.text) for piece in pieces(text, limit, measure)))


@given(st.text(alphabet="`~ \n", max_size=2000), LIMITS)
def test_marks_alone_are_no_trouble(text: str, limit: int) -> None:
    assert "".join(piece.text for piece in pieces(text, limit)) == text
    assert all(len(part) <= limit for part in split(text, limit))


def test_a_text_that_fits_stays_one_message() -> None:
    assert split("short", 2000) == ["short"]
    assert split("", 2000) == []


def test_a_paragraph_is_the_best_place_to_end_then_a_line_a_sentence_a_word() -> None:
    sentence = "It was said. "
    assert split("a" * 150 + "\n\n" + "b" * 50 + "\n" + sentence * 9, 256)[0] == "a" * 150 + "\n\n"
    assert split("a" * 150 + "\n" + sentence * 9, 256)[0] == "a" * 150 + "\n"
    assert split("a" * 140 + ". Then it was said that" + " and" * 40, 256)[0] == "a" * 140 + ". "
    assert split("a" * 150 + " " + "b" * 150, 256)[0] == "a" * 150 + " "
    assert split("汉" * 150 + "。" + "字" * 150, 256)[0] == "汉" * 150 + "。"


def test_code_goes_on_in_its_language() -> None:
    code = "".join(f"line {number}\n" for number in range(60))
    first, *middle, last = split(f"Look:\n```python title=x\n{code}```\nThat is all.", 256)
    assert first.startswith("Look:\n```python title=x\nline 0\n")
    assert first.endswith("\n```")
    assert all(part.startswith("```python\nline ") and part.endswith("\n```") for part in middle)
    assert last.startswith("```python\nline ")
    assert last.endswith("line 59\n```\nThat is all.")


def test_a_fence_that_is_being_closed_is_completed() -> None:
    for so_far in ("```py\nx\n", "```py\nx\n`", "```py\nx\n``", "```py\nx\n```"):
        assert split(so_far, 256) == ["```py\nx\n```"]


def test_a_space_that_carries_an_accent_is_no_place_to_end() -> None:
    assert split("a" * 195 + " b \u0301" + "c" * 100, 256)[0] == "a" * 195 + " "


def test_marks_within_a_line_do_not_become_a_fence() -> None:
    assert split("a" * 195 + " like ```so" + "b" * 100, 256)[0] == "a" * 195 + " "


def test_a_message_holds_more_than_a_fence() -> None:
    with pytest.raises(ValueError, match="256"):
        split("text", 255)


def test_telegram_counts_what_lies_beyond_the_first_plane_twice() -> None:
    assert utf16_units("a汉👍") == 4
    assert [utf16_units(part) for part in split("👍" * 300, 400, utf16_units)] == [400, 200]

"""What may be typed and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversations.cleaning import clean
from core.errors import EmptyMessage


@pytest.mark.parametrize("nothing", ["", "   ", "\n\n", "\x00", "\u200f\u200e", "\u200b\ufeff", "\x1b\x07", "\u3000"])
def test_a_message_without_anything_to_read_is_empty(nothing: str) -> None:
    with pytest.raises(EmptyMessage):
        clean(nothing)


def test_controls_go_and_the_text_stays() -> None:
    assert clean("a\x00b\x1b[31mc\x7f\x9bd") == "ab[31mcd"


def test_lines_and_indentation_stay() -> None:
    assert clean("\r\n  if a:\r\n\tb\r\n") == "  if a:\n\tb"


def test_right_to_left_text_keeps_its_marks_and_emoji_their_joiners() -> None:
    assert clean("\u05e9\u200f (a) 👨‍👩‍👧") == "\u05e9\u200f (a) 👨‍👩‍👧"


def test_half_a_character_becomes_the_replacement_character() -> None:
    assert clean("a\ud83d") == "a\N{REPLACEMENT CHARACTER}"


@given(st.text(alphabet=st.characters(), min_size=1))
def test_whatever_is_left_can_be_stored_and_cleaning_again_changes_nothing(text: str) -> None:
    try:
        cleaned = clean(text)
    except EmptyMessage:
        return
    assert cleaned.encode().decode() == clean(cleaned)

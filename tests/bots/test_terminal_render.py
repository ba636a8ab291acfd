"""What a model writes is shown whole and obeyed never."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bots.terminal.render import Drawn, Tail, finished, plain, safe

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def drawn(text: str, width: int = 60) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(Drawn(text))
    shown = console.file
    assert isinstance(shown, io.StringIO)
    return shown.getvalue()


@pytest.mark.parametrize(
    "attack",
    [
        "\x1b[2J\x1b[H",  # clears the screen
        "\x1b]0;title\x07",  # renames the window
        "\x1b]52;c;cm0gLXJm\x07",  # writes the clipboard
        "\x1b]8;;http://evil\x1b\\text\x1b]8;;\x1b\\",  # a link that shows another text
        "\x9b31m",  # the one-byte form of an escape
        "file\u202etxt.exe",  # reads backwards
        "a\rb",  # overwrites the line
        "\x08\x08\x08",
    ],
)
def test_no_control_sequence_of_the_models_reaches_the_screen(attack: str) -> None:
    assert not CONTROL.search(safe(attack))
    assert not CONTROL.search(drawn(attack))


@given(st.text(st.characters(), max_size=200))
def test_any_text_can_be_shown(text: str) -> None:
    assert not CONTROL.search(drawn(text))


def test_a_link_shows_where_it_leads() -> None:
    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    console.print(Drawn("[your bank](http://evil.example)"))
    shown = console.file
    assert isinstance(shown, io.StringIO)
    assert "http://evil.example" in shown.getvalue()
    assert "\x1b]8" not in shown.getvalue()


@pytest.mark.parametrize(
    "hidden",
    ["Use the <b> tag.", "<script>alert(1)</script>", "[1]: http://a.example"],
)
def test_what_markdown_would_hide_stays_readable(hidden: str) -> None:
    assert hidden in " ".join(drawn(hidden, width=200).split())


def test_an_image_is_its_description_and_its_address() -> None:
    assert "a cat (http://cat.example/cat.png)" in drawn("![a cat](http://cat.example/cat.png)")


def test_lines_of_a_poem_stay_lines() -> None:
    assert [line.strip() for line in drawn("one\ntwo\nthree").split("\n") if line] == ["one", "two", "three"]


def test_a_table_folds_long_words_and_loses_none() -> None:
    shown = drawn("| key | value |\n|---|---|\n| a | " + "x" * 100 + " |", width=40)
    assert shown.count("x") == 100


def test_code_keeps_every_character() -> None:
    line = "print('" + "y" * 150 + "')"
    assert drawn(f"```python\n{line}\n```", width=40).count("y") == 150


def test_a_block_is_finished_when_the_next_one_has_a_whole_line() -> None:
    assert finished("One.\n\nTwo") == 0
    assert finished("One.\n\nTwo.\n") == len("One.\n\n")


def test_a_list_is_one_block_while_it_grows() -> None:
    growing = "1. a\n\n2. b\n\n3. c\n"
    assert all(finished(growing[:length]) == 0 for length in range(len(growing) + 1))


def test_a_fence_is_one_block_until_it_closes() -> None:
    assert finished("```\na\n\nb\n\nc\n") == 0
    assert finished("```\na\n\nb\n```\nText\n") == len("```\na\n\nb\n```\n")


MARKDOWN = st.lists(
    st.sampled_from(["word", "# head", "- item", "1. one", "```", "> quote", "| a | b |", "|---|---|", "", "  deep"]),
    max_size=12,
).map("\n".join)


@given(MARKDOWN, MARKDOWN)
def test_what_is_finished_stays_finished_whatever_follows(text: str, more: str) -> None:
    assert finished(text) <= finished(text + more)


def test_the_tail_is_the_end_and_no_higher_than_asked() -> None:
    console = Console(file=io.StringIO(), width=20)
    console.print(Tail(plain("\n".join(str(number) for number in range(100))), 3))
    shown = console.file
    assert isinstance(shown, io.StringIO)
    assert shown.getvalue().split() == ["97", "98", "99"]

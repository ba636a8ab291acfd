"""An answer of prose, code and tables as Discord's messages: all of it, in messages that Discord takes, code never open."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bots.discord.stream import _laid_out
from bots.discord.surface import LENGTH
from bots.shared.split import utf16_units
from tests.support.fences import bare, is_left_open

WORDS = st.sampled_from(
    ["plain", "汉字", "。", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "مرحبا", "`code`", "**bold**", "x" * 700, "|", "a|b"]
)
LINES = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)
PROSE = st.lists(LINES, min_size=1, max_size=6).map("\n".join)
FENCES = st.sampled_from(["```", "````", "~~~"])
CODE = st.builds(
    lambda fence, name, text: f"{fence}{name}\n{text}\n{fence}", FENCES, st.sampled_from(["", "py"]), PROSE
)
ROWS = st.lists(st.sampled_from(["| 1 | 汉字 |", "| **bold** | 🇩🇪 |", f"| {'wide ' * 90}| x |"]), max_size=60)
TABLE = ROWS.map(lambda rows: "\n".join(["| n | name |", "| --- | :-: |", *rows]))
ANSWERS = st.lists(st.one_of(PROSE, CODE, TABLE), min_size=1, max_size=6).map("\n\n".join)


@given(ANSWERS)
def test_every_character_is_there_in_messages_that_discord_takes(text: str) -> None:
    parts = _laid_out(text)
    assert bare("\n".join(parts)) == bare(text)
    assert all(0 < utf16_units(part) <= LENGTH for part in parts)


@given(ANSWERS)
def test_no_message_leaves_code_open(text: str) -> None:
    assert not [part for part in _laid_out(text) if is_left_open(part)]

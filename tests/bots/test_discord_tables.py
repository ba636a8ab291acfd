"""Tables stay readable where Markdown tables are not shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.tables import tables_as_code

TABLE = "| a | b |\n| --- | --: |\n| 1 | 2 |"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (TABLE, f"```\n{TABLE}\n```"),
        (f"See:\n\n{TABLE}\n\nDone.", f"See:\n\n```\n{TABLE}\n```\n\nDone."),
        (f"```md\n{TABLE}\n```\nafter", f"```md\n{TABLE}\n```\nafter"),
        ("a | b\n--- | ---\n1 | 2", "```\na | b\n--- | ---\n1 | 2\n```"),
        ("either | or", "either | or"),
        ("a heading\n---\ntext", "a heading\n---\ntext"),
    ],
)
def test_a_table_becomes_code_and_nothing_else_does(text: str, shown: str) -> None:
    assert tables_as_code(text) == shown


@given(st.text(alphabet="|-`a \n", max_size=80))
def test_no_line_is_lost_or_changed(text: str) -> None:
    added = [line for line in tables_as_code(text).split("\n") if line != "```"]
    assert added == [line for line in text.split("\n") if line != "```"]

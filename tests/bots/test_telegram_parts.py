"""What stood between the parts of a text that a client split, as far as it can be told."""

from __future__ import annotations

import pytest

from bots.telegram.parts import joint


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [
        ("a" * 4096, "b", ""),
        ("🙂" * 2048, "b", ""),
        ("word " * 810 + "word", "word", " "),
        ("line\n" * 810 + "line", "line", "\n"),
        ("一" * 4050, "二", ""),
        ("a" * 4050, "二", ""),
        ("一\n" * 2020 + "一", "二", "\n"),
    ],
)
def test_what_stood_between_two_parts(before: str, after: str, between: str) -> None:
    assert joint(before, after) == between

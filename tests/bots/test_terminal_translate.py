"""What is typed, and by whom, as core's values."""

from __future__ import annotations

import pytest

from bots.terminal.translate import Seat, language_of
from core.domain import TurnId


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh_CN.UTF-8", "zh-CN"),
        ("en_US", "en-US"),
        ("de", "de"),
        ("C", "en"),
        ("POSIX", "en"),
        ("", "en"),
        ("💥", "en"),
    ],
)
def test_the_language_is_that_of_the_locale(locale: str, language: str) -> None:
    assert language_of(locale) == language


def test_a_turn_of_the_terminal_names_its_person_and_its_conversation() -> None:
    incoming = Seat("ada", "work", "zh").incoming("7", "Hello", 1.0)
    assert incoming.event_id == TurnId("terminal:7")
    assert (incoming.sender.id, incoming.conversation, incoming.lane) == (
        "terminal:ada",
        "terminal:work",
        "terminal:work",
    )

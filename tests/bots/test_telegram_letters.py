"""What the bot says besides answers: in the messages it takes, and as another process finds it."""

from __future__ import annotations

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bots.shared.surface import SurfaceRefused
from bots.telegram.letters import Letter, Remark
from bots.telegram.render import LENGTH
from bots.telegram.translate import Place
from core.conversations.exporting import Document

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("✓ echo", callback_data="choose:model:echo")]])
FILE = Document("talk.md", "text/markdown", b"\x00\xff words")
LONG = Remark("a word " * LENGTH, KEYBOARD, (FILE, FILE), replies_to=7)
GROUP, ALONE = Place(-100123, 5), Place(501)


def test_a_long_remark_is_texts_with_the_keyboard_last_and_then_its_files() -> None:
    letter = Letter.of(GROUP, LONG)
    *texts, first, second = letter.messages
    assert "".join(message.text for message in texts) == LONG.text
    assert [message.keyboard for message in texts] == [None] * 7 + [KEYBOARD]
    assert {message.replies_to for message in texts} == {7}
    assert [(message.text, message.documents) for message in (first, second)] == [("", (FILE,))] * 2
    assert letter.rest().messages == letter.messages[1:]


def test_in_private_nothing_is_quoted() -> None:
    assert [message.replies_to for message in Letter.of(ALONE, Remark("hello", replies_to=7)).messages] == [None]


@pytest.mark.parametrize("place", [GROUP, ALONE])
def test_what_is_kept_is_read_as_it_was(place: Place) -> None:
    letter = Letter.of(place, LONG)
    assert Letter.decode(letter.encode()) == letter


@pytest.mark.parametrize("body", ["", "[]", "[1, null, [[1]]]", '{"of": "another version"}'])
def test_what_another_version_kept_in_another_way_is_refused(body: str) -> None:
    with pytest.raises(SurfaceRefused, match="another version"):
        Letter.decode(body)

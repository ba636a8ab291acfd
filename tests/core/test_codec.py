"""What is stored by one version is read by the next one, and no text can break the storing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import Message as Kept
from core.domain import MessageId, Role, TextPart, Tokens
from core.errors import StoreError
from core.stores.codec import INCOMING, MESSAGE, storable
from tests.contracts.making import asked

ANY_TEXT = st.text(st.characters(exclude_categories=()))
MESSAGE_NOW = Kept(MessageId("1/q"), None, Role.USER, (TextPart("Hi"),), 1.5, Tokens(1, 1), Tokens(1, 1))


def test_fields_that_an_older_version_did_not_write_take_their_defaults() -> None:
    older = """{"id": "1/q", "parent": null, "role": "user", "parts": [{"kind": "text", "text": "Hi"}], "at": 1.5,
        "own": {"o200k": 1, "cl100k": 1}, "total": {"o200k": 1, "cl100k": 1}}"""
    assert MESSAGE.decode(older) == MESSAGE_NOW


def test_fields_that_are_no_more_are_passed_over() -> None:
    assert MESSAGE.decode(MESSAGE.encode(MESSAGE_NOW).replace("{", '{"once": 1, ', 1)) == MESSAGE_NOW


def test_a_part_says_its_kind() -> None:
    """So that other kinds can join without touching what is stored."""
    assert '"kind":"text"' in MESSAGE.encode(MESSAGE_NOW)


@pytest.mark.parametrize("broken", ["", "{", '{"id": "1/q"}', "null", "[]", '{"secret": "words"}'])
def test_what_cannot_be_read_is_a_line_without_content(broken: str) -> None:
    with pytest.raises(StoreError) as caught:
        MESSAGE.decode(broken)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@given(ANY_TEXT)
def test_every_text_can_be_stored_and_what_is_stored_stays(text: str) -> None:
    clean = storable(text)
    clean.encode()
    assert storable(clean) == clean
    assert clean == text or any("\ud800" <= character <= "\udfff" for character in text)


@given(ANY_TEXT, ANY_TEXT)
def test_every_message_survives_as_storable_text(event: str, text: str) -> None:
    incoming = INCOMING.decode(INCOMING.encode(asked(event, text, address={text: event})))
    assert incoming == asked(storable(event), storable(text), address={storable(text): storable(event)})

"""Any text, cut anywhere, becomes messages that Telegram takes, and nothing that was written is lost."""

from __future__ import annotations

import json
import re
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import MessageEntity

from bots.shared.split import utf16_units
from bots.telegram.layout import laid_out
from bots.telegram.render import LENGTH, WORD_JOINER, Formatted, rendered
from bots.telegram.spans import CODE, MOST, STYLES
from tests.support.telegram_rules import found, ordered, settled

LISTED = json.loads(Path(__file__).with_name("markdown_signs.json").read_text())
SAFE: list[str] = LISTED["harmless"]
"""Markup that takes nothing with it but itself."""
SIGNS: list[str] = SAFE + LISTED["others"]
GRAPHEMES = st.sampled_from(["👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "汉字", "。", "“", "”", "עברית", "é", "क्षि", "\ufeff", "\ud83d"])
ANYTHING = st.lists(
    st.one_of(st.sampled_from(SIGNS), GRAPHEMES, st.sampled_from([" ", "word", "x", "7"]), st.text(max_size=4)),
    max_size=60,
)
TEXTS = ANYTHING.map("".join)
LONG = st.builds(lambda pieces, times: "".join(pieces) * times, ANYTHING, st.integers(1, 120)).map(
    lambda text: text[:9000]
)


@st.composite
def written(draw: st.DrawFn) -> str:
    """Markup in any order, with a word of its own after each sign."""
    numbers = count()
    signs = draw(st.lists(st.sampled_from(SAFE), max_size=40))
    return "".join(f"{sign}w{next(numbers)}q" for sign in signs)


def words(text: str) -> list[str]:
    return re.findall(r"w\d+q", text.replace(WORD_JOINER, ""))


def check(message: Formatted) -> None:
    """As Telegram would keep it, nothing has to be mended."""
    entities = [dict(entity.to_dict()) for entity in message.entities]
    text, kept = settled(message.text, entities)
    assert len(entities) <= MOST
    assert kept == entities == ordered(entities)
    assert not {entity["type"] for entity in found(text, kept)} & {"mention", "bot_command", "text_mention"}
    assert {entity.type for entity in message.entities} <= STYLES | CODE | {
        MessageEntity.BLOCKQUOTE,
        MessageEntity.TEXT_LINK,
    }


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_something_that_telegram_takes(text: str) -> None:
    check(rendered(text))
    check(rendered(text, growing=True))


@settings(deadline=None)
@given(written(), st.data())
def test_no_word_is_lost_wherever_the_text_is_cut(text: str, data: st.DataObject) -> None:
    cut = text[: data.draw(st.integers(0, len(text)))]
    assert words(rendered(cut).text) == words(cut)
    assert words(rendered(cut, growing=True).text) == words(cut)


@settings(deadline=None)
@given(LONG)
def test_every_message_fits(text: str) -> None:
    for part in laid_out(text):
        for growing in (False, True):
            message = rendered(part, growing=growing)
            assert utf16_units(message.text) <= LENGTH
            assert len(message.entities) <= MOST


@settings(deadline=None)
@given(LONG, st.data())
def test_full_messages_stay_while_the_text_grows(text: str, data: st.DataObject) -> None:
    so_far = text[: data.draw(st.integers(0, len(text)))]
    full = laid_out(so_far)[:-1]
    assert laid_out(text)[: len(full)] == full


@settings(deadline=None)
@given(written(), st.integers(1, 25))
def test_no_word_is_lost_between_messages(text: str, times: int) -> None:
    whole = "\n\n".join([text] * times)
    shown = [word for part in laid_out(whole) for word in words(rendered(part).text)]
    assert [word for word in shown if word in set(words(whole))] == words(whole)

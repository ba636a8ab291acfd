"""How a moderated answer grows: in steps, each of which was checked before anybody saw it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from core.conversations.showing import CONTEXT, FIRST_STEP, LONGEST_STEP, CheckedShowing, step_end
from core.errors import AnswerFlagged, ModelGarbled
from core.ports_moderation import LONGEST_PIECE
from tests.support.clock import ManualClock, settle
from tests.support.judges import Magistrate, moderation

SENTENCE = "This sentence is one of several, and has an end. "
FIRST = SENTENCE.rstrip()


@dataclass
class Writer:
    """A model's answer under way, which a test writes."""

    magistrate: Magistrate = field(default_factory=Magistrate)
    shown: list[str] = field(default_factory=list)
    text: str = ""
    ended: bool = False

    def __post_init__(self) -> None:
        clock = ManualClock()
        self.showing = CheckedShowing(self.shown.append, moderation(self.magistrate, clock), clock)
        self.done = asyncio.Event()

    def begin(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.showing.write(self._wait(), lambda: self.text))

    async def _wait(self) -> None:
        try:
            await self.done.wait()
        finally:
            self.ended = True

    async def add(self, *pieces: str) -> None:
        for piece in pieces:
            self.text += piece
            self.showing.draft(self.text)
            await settle()


async def all_of(writer: Writer, pieces: Sequence[str]) -> None:
    writing = writer.begin()
    await writer.add(*pieces)
    writer.done.set()
    await writing


async def test_a_sentence_is_shown_when_it_is_checked_and_not_before() -> None:
    writer = Writer()
    writing = writer.begin()
    writer.magistrate.gate.clear()
    await writer.add(SENTENCE, "And mo")
    assert writer.shown == []
    writer.magistrate.gate.set()
    await settle()
    assert writer.shown == [FIRST]
    await writer.add("re.")
    writer.done.set()
    await writing
    assert writer.shown[-1] == f"{SENTENCE}And more."
    assert writer.magistrate.seen == [FIRST, f"{SENTENCE}And more."]


async def test_while_one_check_is_under_way_what_comes_is_collected_for_the_next() -> None:
    writer = Writer()
    writing = writer.begin()
    writer.magistrate.gate.clear()
    await writer.add(*[SENTENCE] * 12)
    assert writer.magistrate.seen == [FIRST]
    writer.magistrate.gate.set()
    await settle()
    assert len(writer.magistrate.seen) == 2
    assert writer.magistrate.most_at_once == 1
    writer.done.set()
    await writing
    assert writer.shown[-1] == SENTENCE * 12


async def test_what_is_refused_ends_the_writing_and_nothing_more_is_shown() -> None:
    writer = Writer()
    writing = writer.begin()
    await writer.add(SENTENCE, "Then came the murder, of which there is much to tell. ", "No")
    with pytest.raises(AnswerFlagged):
        await writing
    assert writer.ended
    assert writer.shown == [FIRST]
    assert not writer.showing.seen(writer.text)


async def test_what_is_refused_while_the_end_is_checked_is_refused() -> None:
    writer = Writer(Magistrate(bad=lambda text: text == FIRST))
    writer.magistrate.gate.clear()
    writing = writer.begin()
    await writer.add(SENTENCE, "And more.")
    writer.done.set()
    await settle()
    assert len(writer.magistrate.seen) == 2
    writer.magistrate.gate.set()
    with pytest.raises(AnswerFlagged):
        await writing


async def test_the_last_word_is_checked_with_all_that_came_before() -> None:
    writer = Writer(Magistrate(bad=lambda text: "one of several" in text and "murder" in text))
    with pytest.raises(AnswerFlagged):
        await all_of(writer, [SENTENCE, "murder"])
    assert writer.shown == [FIRST]


async def test_a_long_answer_is_checked_in_pieces_with_what_is_right_before_them() -> None:
    writer = Writer()
    await all_of(writer, [SENTENCE] * 200)
    assert writer.shown[-1] == SENTENCE * 200
    assert all(len(text) <= LONGEST_PIECE for text in writer.magistrate.seen)
    assert sum(map(len, writer.magistrate.seen)) < len(writer.text) * (1 + (CONTEXT + LONGEST_STEP) / LONGEST_STEP)


async def test_an_answer_that_begins_anew_is_checked_anew() -> None:
    writer = Writer()
    writing = writer.begin()
    await writer.add(SENTENCE)
    writer.text = ""
    await writer.add("It was a murder, however one looks at it. Was it?")
    with pytest.raises(AnswerFlagged):
        await writing
    assert writer.shown == [FIRST]


async def test_a_model_that_fails_fails_as_it_would_unchecked() -> None:
    writer = Writer()

    async def failing() -> None:
        raise ModelGarbled("cut")

    with pytest.raises(ModelGarbled):
        await writer.showing.write(failing(), lambda: "")


async def test_who_is_told_to_stop_keeps_what_was_seen() -> None:
    writer = Writer()
    writing = writer.begin()
    await writer.add(SENTENCE, "And mo")
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert writer.showing.seen(writer.text) == FIRST
    assert writer.magistrate.under_way == 0


def test_steps_end_with_sentences_or_lines_and_grow() -> None:
    assert step_end("Short. ", 0) == 0
    assert step_end(SENTENCE, 0) == len(FIRST)
    assert step_end(SENTENCE + "Version 3.1", 0) == len(FIRST)
    assert step_end(SENTENCE * 2, len(FIRST)) == len(FIRST + " " + FIRST)
    assert step_end("这是一个很长的句子，用来说明中文里的句号也是句子的结尾，不需要后面有空格才算数。还有", 0) == 40


def test_a_text_without_an_end_is_not_held_back_for_ever() -> None:
    assert step_end("x" * 3 * LONGEST_STEP, 0) == 3 * LONGEST_STEP
    assert step_end("x" * FIRST_STEP, 0) == 0

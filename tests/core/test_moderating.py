"""Moderation: what is checked, what is done where the service cannot be asked, and how much of a text it gets at once."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from core.conversations.moderating import ATTEMPTS, OVERLAP, REST, ModerationPolicy, parts_of
from core.errors import (
    ModelBusy,
    ModelKeyRefused,
    ModelUnknown,
    ModelUnreachable,
    NotModerated,
    PictureNotModerated,
    QuestionFlagged,
    RequestRefused,
)
from core.ports_moderation import LONGEST_PIECE, MOST_PIECES
from core.watching import Checked, Subject, Unwatched
from core.wording import say
from tests.support.clock import ManualClock, settle
from tests.support.judges import Magistrate, moderation

LENIENT = ModerationPolicy(questions=True, answers=True, refuses=False)


class Noted(Unwatched):
    """Notes what came of each check."""

    def __init__(self) -> None:
        self.results: list[tuple[Subject, Checked]] = []

    def moderated(self, subject: Subject, checked: Checked, seconds: float) -> None:
        del seconds
        self.results.append((subject, checked))


async def passing(clock: ManualClock, checking: asyncio.Task[None]) -> None:
    """Time passes until it is done."""
    while not checking.done():
        await clock.advance(clock.next_alarm or 0)
    checking.result()


async def test_what_is_refused_says_why_in_the_words_of_who_reads_it(clock: ManualClock) -> None:
    with pytest.raises(QuestionFlagged) as caught:
        await moderation(Magistrate(), clock).check(Subject.QUESTION, "a murder")
    told = caught.value
    assert say(told.sentence, "en", **told.values) == "I cannot answer this: it seems to be about violence."
    assert say(told.sentence, "zh", **told.values) == "我不能回答这个问题：内容似乎涉及暴力。"


async def test_a_service_that_fails_for_a_moment_is_asked_again(clock: ManualClock) -> None:
    magistrate = Magistrate(problems=[ModelUnreachable(), ModelBusy(retry_after=2.0)])
    checking = moderation(magistrate, clock)
    await passing(clock, asyncio.create_task(checking.check(Subject.QUESTION, "Hello")))
    assert magistrate.seen == ["Hello"] * 3


async def test_where_it_refuses_what_it_cannot_check_nothing_passes(clock: ManualClock) -> None:
    magistrate, noted = Magistrate(problems=[ModelUnreachable("down")] * ATTEMPTS), Noted()
    checking = moderation(magistrate, clock, watch=noted)
    with pytest.raises(NotModerated):
        await passing(clock, asyncio.create_task(checking.check(Subject.QUESTION, "Hello")))
    assert noted.results == [(Subject.QUESTION, Checked.NOT)]


async def test_where_it_lets_through_one_outage_is_one_line_and_one_wait(clock: ManualClock) -> None:
    magistrate, noted = Magistrate(problems=[ModelKeyRefused("401")] * 2), Noted()
    checking = moderation(magistrate, clock, LENIENT, noted)
    with capture_logs() as lines:
        for _ in range(3):
            await checking.check(Subject.ANSWER, "a murder")
        assert len(magistrate.seen) == 1
        await clock.advance(REST)
        magistrate.gate.clear()
        probe = asyncio.create_task(checking.check(Subject.ANSWER, "a murder"))
        await settle()
        await checking.check(Subject.ANSWER, "a murder")
        magistrate.gate.set()
        await probe
        assert len(magistrate.seen) == 2
        await clock.advance(REST)
        await checking.check(Subject.ANSWER, "Hello")
    assert [line["event"] for line in lines] == ["moderation.failed", "moderation.back"]
    assert noted.results == [(Subject.ANSWER, Checked.NOT)] * 5 + [(Subject.ANSWER, Checked.PASSED)]


async def test_a_text_that_the_service_will_not_read_opens_the_door_to_no_other(clock: ManualClock) -> None:
    magistrate = Magistrate(problems=[RequestRefused("too odd")])
    checking = moderation(magistrate, clock, LENIENT)
    await checking.check(Subject.QUESTION, "odd")
    with pytest.raises(QuestionFlagged):
        await checking.check(Subject.QUESTION, "a murder")


async def test_a_service_that_says_nothing_is_waited_for_as_long_as_configured(clock: ManualClock) -> None:
    magistrate = Magistrate()
    magistrate.gate.clear()
    checking = moderation(magistrate, clock, ModerationPolicy(questions=True, timeout=4.0))
    task = asyncio.create_task(checking.check(Subject.QUESTION, "Hello"))
    await clock.advance(3.9)
    assert not task.done()
    await clock.advance(0.1)
    with pytest.raises(NotModerated):
        await task


async def test_a_check_that_nobody_waits_for_any_more_is_none(clock: ManualClock) -> None:
    magistrate, noted = Magistrate(), Noted()
    magistrate.gate.clear()
    task = asyncio.create_task(moderation(magistrate, clock, watch=noted).check(Subject.ANSWER, "Hello"))
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (magistrate.seen, noted.results) == (["Hello"], [])


async def test_nothing_is_asked_about_nothing(clock: ManualClock) -> None:
    magistrate = Magistrate()
    await moderation(magistrate, clock).check(Subject.QUESTION, " \n")
    assert magistrate.seen == []


async def test_what_is_found_in_any_part_of_a_long_text_refuses_it(clock: ManualClock) -> None:
    magistrate = Magistrate()
    with pytest.raises(QuestionFlagged):
        await moderation(magistrate, clock).check(Subject.QUESTION, "peace " * 20_000 + "murder")
    assert max(map(len, magistrate.seen)) <= LONGEST_PIECE


async def test_one_picture_at_a_time_and_the_first_with_what_is_said(clock: ManualClock) -> None:
    magistrate = Magistrate()
    await moderation(magistrate, clock).check(Subject.QUESTION, "Which is older?", ["one", "two"])
    assert magistrate.asked == [(("Which is older?",), "one"), ((), "two")]
    with pytest.raises(QuestionFlagged):
        await moderation(magistrate, clock).check(Subject.QUESTION, "word " * LONGEST_PIECE, ["one", "a murder"])
    assert magistrate.asked[-2:] == [((), "one"), ((), "a murder")]


async def test_a_picture_that_the_service_does_not_read_is_refused_as_one(clock: ManualClock) -> None:
    with pytest.raises(PictureNotModerated):
        await moderation(Magistrate(blind=True), clock).check(Subject.QUESTION, "What is this?", ["one"])


@pytest.mark.parametrize(("said", "pictures"), [("a murder", ["one"]), ("Hello", ["odd", "a murder"])])
async def test_a_picture_that_is_let_through_takes_nothing_else_with_it(
    said: str, pictures: list[str], clock: ManualClock
) -> None:
    magistrate = Magistrate(blind=said != "Hello", problems=[RequestRefused("odd")])
    checking = moderation(magistrate, clock, LENIENT)
    with pytest.raises(QuestionFlagged):
        await checking.check(Subject.QUESTION, said, pictures)


async def test_a_service_that_reads_no_pictures_goes_on_reading_texts(clock: ManualClock) -> None:
    checking = moderation(Magistrate(problems=[ModelUnknown("no vision")]), clock, LENIENT)
    await checking.check(Subject.QUESTION, "", ["one"])
    with pytest.raises(QuestionFlagged):
        await checking.check(Subject.QUESTION, "a murder")


@pytest.mark.parametrize("length", [1, OVERLAP, LONGEST_PIECE, LONGEST_PIECE + 1, 5 * LONGEST_PIECE, 100_000])
def test_the_pieces_of_a_text_cover_it_and_overlap(length: int) -> None:
    text = "".join(chr(0x4E00 + number % 20_000) for number in range(length))
    requests = list(parts_of(text))
    pieces = [piece for request in requests for piece in request]
    assert all(len(request) <= MOST_PIECES for request in requests)
    assert pieces[0] + "".join(piece[OVERLAP:] for piece in pieces[1:]) == text

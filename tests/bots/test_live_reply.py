"""One answer on a surface: it grows as fast as it may, and in the end all of it is there, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bots.shared.live_reply import LEISURE, TYPING_AFTER, LiveReply
from bots.shared.pacing import Priority
from bots.shared.split import split
from bots.shared.surface import Action, Deed, Limits
from core.domain import Finish, Ref
from core.errors import ModelBusy
from core.limits.rates import Rate
from core.wording import Sentence, say
from tests.support.board import QUESTION, BoardSurface, turn_of
from tests.support.clock import ManualClock, settle
from tests.support.room import LONG, Room, a_room, answer_with, refused


@pytest.fixture
async def room(clock: ManualClock, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(clock, tmp_path) as room:
        yield room


async def test_an_answer_grows_in_one_message_that_replies_to_its_question(room: Room) -> None:
    async with room.reply() as reply:
        for text in ("First", "First words", "First words and more"):
            reply.draft(text)
            await settle()
            assert room.board.texts() == [text]
        await reply.finish(answer_with("First words and more."))
    assert room.board.texts() == ["First words and more."]
    assert room.board.replies == {room.claim.shown[0]: QUESTION}


async def test_drafts_that_come_during_a_request_are_one_draft(room: Room) -> None:
    room.board.latency = 0.2
    async with room.reply() as reply:
        reply.draft("a")
        await settle()
        for end in range(2, 500):
            reply.draft("a" * end)
        await room.clock.advance(0.4)
        assert [len(request.text) for request in room.board.requests] == [1, 499]


async def test_what_is_there_already_is_not_written_again(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft("The answer")
        await settle()
        reply.draft("The answer")
        await settle()
        assert len(room.board.requests) == 1
        await reply.finish(answer_with("The answer"))
        await reply.finish(answer_with("The answer"))
    assert len(room.board.requests) == 2  # the last one for the buttons


async def test_a_long_answer_rolls_over_and_full_messages_are_left_alone(room: Room) -> None:
    async with room.reply() as reply:
        for end in range(100, len(LONG), 100):
            reply.draft(LONG[:end])
            await settle()
        await reply.finish(answer_with(LONG))
    assert room.board.texts() == split(LONG, 2000)
    assert [room.board.replies[ref] for ref in room.claim.shown] == [QUESTION] + [None] * (len(split(LONG, 2000)) - 1)
    after_rollover = [request.text for request in room.board.requests if request.text.startswith("Paragraph 0 ")]
    assert after_rollover.count(split(LONG, 2000)[0]) == 1


async def test_buttons_stand_under_the_last_message(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft(LONG[:3000])
        await settle()
        assert [[control.action for control in page.controls] for page in room.board.pages()] == [[], [Action.STOP]]
        await reply.finish(answer_with(LONG[:3000], Finish.LENGTH))
    assert [[control.action for control in page.controls] for page in room.board.pages()] == [
        [],
        [Action.RETRY, Action.CONTINUE],
    ]


async def test_an_interrupted_answer_goes_on_in_its_messages(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft(LONG[:5000])
        await settle()
    async with room.reply(attempt=2) as reply:
        reply.draft("It begins anew")
        await settle()
        assert room.board.texts()[0] == "It begins anew"
        await reply.finish(answer_with(LONG))
    assert room.board.texts() == split(LONG, 2000)


async def test_an_answer_that_became_shorter_leaves_no_stray_part(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft(LONG[:5000])
        await settle()
        assert len(room.board.texts()) == 3
        reply.draft("Short")
        await settle()
        await reply.finish(answer_with("Short."))
    assert room.board.texts() == ["Short."]


async def test_a_problem_replaces_what_was_shown_in_the_language_of_the_user(room: Room) -> None:
    async with room.reply(language="zh") as reply:
        reply.draft(LONG[:5000])
        await settle()
        await reply.fail(ModelBusy())
    assert room.board.texts() == [say(Sentence.MODEL_BUSY, "zh")]
    assert [control.action for control in room.board.pages()[0].controls] == [Action.RETRY]


async def test_a_very_long_answer_is_a_file_with_a_readable_head(room: Room) -> None:
    async with room.reply(limits=Limits(2000, messages=3)) as reply:
        reply.draft(LONG)
        await settle()
        assert room.board.texts() == split(LONG, 2000)[:3]
        await reply.finish(answer_with(LONG))
    head, rest = room.board.pages()
    assert head.text == split(LONG, 2000)[0]
    assert rest.text == say(Sentence.ANSWER_IN_FILE, "en")
    assert rest.file is not None
    assert rest.file.content.decode() == LONG


async def test_an_answer_of_blanks_is_a_sentence(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft(" \n")
        await settle()
        await reply.finish(answer_with(" \n"))
    assert room.board.texts() == [say(Sentence.MODEL_GARBLED, "en")]


async def test_typing_is_shown_until_the_first_words(room: Room) -> None:
    room.hinder(Deed.TYPING, refused())
    async with room.reply(limits=Limits(2000, typing=9.0)) as reply:
        await room.clock.advance(TYPING_AFTER + 20.0)
        assert len(room.board.deeds(Deed.TYPING)) == 3
        reply.draft("The first")
        await room.clock.advance(20.0)
    assert len(room.board.deeds(Deed.TYPING)) == 3


async def test_an_answer_that_comes_at_once_needs_no_typing(room: Room) -> None:
    async with room.reply(limits=Limits(2000, typing=9.0)) as reply:
        reply.draft("The first")
        await room.clock.advance(20.0)
    assert room.board.deeds(Deed.TYPING) == []


async def test_last_words_do_not_wait_behind_drafts(clock: ManualClock, tmp_path: Path) -> None:
    async with a_room(clock, tmp_path, Rate(0.1, 3.0)) as room, room.reply() as reply:
        for end in range(1, 50):
            reply.draft("a" * end)
            await settle()
        assert len(room.board.deeds(Deed.EDIT)) == 2
        await reply.finish(answer_with("The answer."))
        assert room.board.texts() == ["The answer."]


async def test_a_draft_that_waits_becomes_the_last_words(clock: ManualClock, tmp_path: Path) -> None:
    """And does not keep its place in the queue of drafts."""
    async with a_room(clock, tmp_path, Rate(0.1, 2.0)) as room, room.reply() as reply:
        for text in ("The first", "The first words", "The first words and"):
            reply.draft(text)
            await settle()
        assert room.board.texts() == ["The first words"]
        await reply.finish(answer_with("The answer."))
        assert [request.text for request in room.board.deeds(Deed.EDIT)] == ["The first words", "The answer."]


def test_a_nonce_fits_where_discord_takes_25_characters(room: Room) -> None:
    turn = turn_of(shown=(Ref("a"),))
    nonce = LiveReply(BoardSurface(room.board), turn, room.claim, room.means)._nonce()
    assert len(nonce) == 24
    assert nonce.isalnum()


def number(place: int, language: str = "en") -> str:
    return say(Sentence.WAITING, language, place=place)


async def test_a_number_in_line_stands_where_the_first_words_will_be(room: Room) -> None:
    async with room.reply() as reply:
        reply.wait(7)
        await settle()
        assert [(page.text, page.ours) for page in room.board.pages()] == [(number(7), True)]
        assert [control.action for control in room.board.pages()[0].controls] == [Action.STOP]
        reply.draft("First words")
        await settle()
        assert [(page.text, page.ours) for page in room.board.pages()] == [("First words", False)]
        reply.wait(3)
        await reply.finish(answer_with("First words and more."))
    assert room.board.texts() == ["First words and more."]


async def test_numbers_in_line_are_written_at_leisure(room: Room) -> None:
    async with room.reply() as reply:
        shown = []
        for place in range(20, 0, -1):
            shown += [place] if reply.wait(place) else []
            await room.clock.advance(3.0)
        assert shown == [20, 15, 10, 5]
        writes = [request.at - room.board.requests[0].at for request in room.board.requests]
        assert writes == [0.0, LEISURE, 2 * LEISURE, 3 * LEISURE]
        await reply.fail(ModelBusy())
    assert room.board.texts() == [say(Sentence.MODEL_BUSY, "en")]


async def test_first_words_do_not_wait_behind_a_number_in_line(clock: ManualClock, tmp_path: Path) -> None:
    """What a crowded chat may write goes to the words of others first, and to these as soon as there are some."""
    async with a_room(clock, tmp_path, Rate(0.1, 2.0)) as room:
        surface = BoardSurface(room.board, bucket="chat")
        async with room.pacer.permit(surface.route(Deed.POST), Priority.FINAL):
            pass
        async with LiveReply(surface, turn_of(), room.claim, room.means) as reply:
            reply.wait(2)
            await settle()
            assert room.board.texts() == []
            reply.draft("First words")
            await clock.advance(10.0)
            assert room.board.texts() == ["First words"]
            await clock.advance(20.0)
            await reply.finish(answer_with("First words."))

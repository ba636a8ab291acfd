"""One answer on a surface: it grows as fast as it may, and in the end all of it is there, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots.shared.controls import Controls
from bots.shared.live_reply import LONGEST_PAUSE, PATIENCE, TYPING_AFTER, LiveReply, Means
from bots.shared.pacing import Pacer, RateGate
from bots.shared.split import split
from bots.shared.surface import Action, Deed, Limits, SurfaceRefused
from core.domain import Answer, Finish, Ref, TurnId, Usage, answer_id
from core.errors import LeaseLost, ModelBusy, StoreUnavailable, SurfaceUnavailable
from core.limits.rates import Rate
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.wording import Sentence, say
from tests.support.board import QUESTION, Board, BoardSurface, Held, Trouble, turn_of
from tests.support.clock import ManualClock, settle

PLENTY = Rate(1000.0, 1000.0)
LONG = "".join(f"Paragraph {number} of the answer.\n\n" for number in range(300))


def answer_with(text: str, finish: Finish = Finish.STOP) -> Answer:
    return Answer(answer_id(TurnId("test:1")), text, "alpha", finish, Usage())


class Room:
    """A board, a claim and what replies need; `reply` opens one as a worker does."""

    def __init__(self, clock: ManualClock, pacer: Pacer[RateGate], controls: Controls) -> None:
        self.clock = clock
        self.board = Board(clock)
        self.claim = Held()
        self.pacer = pacer
        self.means = Means(pacer, clock, controls)

    def reply(self, attempt: int = 1, limits: Limits | None = None, language: str = "en") -> LiveReply:
        turn = turn_of(shown=tuple(self.claim.shown), attempt=attempt, language=language)
        return LiveReply(BoardSurface(self.board, limits=limits or Limits(2000)), turn, self.claim, self.means)

    def hinder(self, deed: Deed, *troubles: Trouble) -> None:
        self.board.troubles += [(deed, trouble) for trouble in troubles]


@asynccontextmanager
async def a_room(clock: ManualClock, folder: Path, bucket: Rate = PLENTY) -> AsyncIterator[Room]:
    async with (
        open_store(f"sqlite:///{folder}/parlour.db", clock, StoreOptions()) as store,
        Pacer(clock, RateGate(PLENTY, clock.now()), lambda _: RateGate(bucket, clock.now())) as pacer,
    ):
        yield Room(clock, pacer, Controls(store))


@pytest.fixture
async def room(clock: ManualClock, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(clock, tmp_path) as room:
        yield room


def refused(seconds: float | None = None) -> Trouble:
    return Trouble(SurfaceUnavailable("429", seconds))


LOST_RESPONSE = Trouble(SurfaceUnavailable("reset"), done=True)


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


async def test_nothing_goes_to_a_chat_while_it_refuses_and_then_the_latest(room: Room) -> None:
    room.hinder(Deed.POST, refused(5.0))
    async with room.reply() as reply:
        reply.draft("early")
        await settle()
        reply.draft("late")
        await room.clock.advance(4.9)
        assert room.board.texts() == []
        await room.clock.advance(0.2)
        assert [request.text for request in room.board.requests] == ["early", "late"]


async def test_last_words_sit_out_a_short_refusal(room: Room) -> None:
    room.hinder(Deed.POST, refused(PATIENCE / 2), refused())
    async with room.reply() as reply:
        finishing = asyncio.create_task(reply.finish(answer_with("All of it.")))
        await room.clock.advance(PATIENCE)
        await finishing
    assert room.board.texts() == ["All of it."]


async def test_a_refusal_of_minutes_gives_the_turn_back_and_loses_nothing(room: Room) -> None:
    room.hinder(Deed.EDIT, refused(300.0))
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        reply.draft("The first words")
        await settle()
        with pytest.raises(SurfaceUnavailable) as raised:
            await reply.finish(answer_with("The first words and the last."))
    assert raised.value.retry_after == pytest.approx(300.0)
    writes = len(room.board.requests)
    async with room.reply() as reply:  # somebody comes back too early
        with pytest.raises(SurfaceUnavailable):
            await reply.finish(answer_with("The first words and the last."))
    assert len(room.board.requests) == writes
    await room.clock.advance(300.0)
    async with room.reply() as reply:
        await reply.finish(answer_with("The first words and the last."))
    assert room.board.texts() == ["The first words and the last."]


async def test_a_platform_that_never_recovers_is_given_up_on_for_now(room: Room) -> None:
    room.hinder(Deed.POST, *[refused()] * 50)
    async with room.reply() as reply:
        finishing = asyncio.create_task(reply.finish(answer_with("All of it.")))
        await room.clock.advance(PATIENCE + LONGEST_PAUSE)
        with pytest.raises(SurfaceUnavailable):
            await finishing


async def test_a_create_whose_response_was_lost_is_not_doubled(room: Room) -> None:
    room.hinder(Deed.POST, LOST_RESPONSE)
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        finishing = asyncio.create_task(reply.finish(answer_with("The first and the last.")))
        await room.clock.advance(1.0)
        await finishing
    assert room.board.texts() == ["The first and the last."]


@pytest.mark.parametrize("can_find", [True, False])
async def test_a_message_posted_by_somebody_who_died_before_remembering_it_is_taken_over(
    room: Room, *, can_find: bool
) -> None:
    room.board.can_find = can_find
    room.claim.forgets = 1
    async with room.reply() as reply:
        reply.draft("The first words")
        await settle()
        assert (room.board.texts(), room.claim.shown) == (["The first words"], [])
    async with room.reply(attempt=2) as reply:
        await reply.finish(answer_with("The answer."))
    assert room.board.texts() == ["The answer."]


async def test_a_part_posted_by_somebody_who_died_is_no_stray_when_the_answer_became_shorter(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft(LONG[:1000])
        await settle()
        room.claim.forgets = 1
        reply.draft(LONG[:3000])
        await settle()
        assert (len(room.board.texts()), len(room.claim.shown)) == (2, 1)
    async with room.reply(attempt=2) as reply:
        await reply.finish(answer_with("Short."))
    assert room.board.texts() == ["Short."]


async def test_a_store_that_is_away_for_a_moment_ends_the_drafts_and_not_the_answer(room: Room) -> None:
    room.claim.forgets = 1
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        reply.draft("The first words")
        await settle()
        await reply.finish(answer_with("The answer."))
    assert room.board.texts() == ["The answer."]
    assert room.claim.shown == list(room.board.messages)


async def test_a_store_that_stays_away_is_told_to_the_worker(room: Room) -> None:
    room.claim.forgets = 9
    async with room.reply() as reply:
        with pytest.raises(StoreUnavailable):
            await reply.finish(answer_with("The answer."))


async def test_a_message_being_posted_is_remembered_whoever_cancels(room: Room) -> None:
    room.board.latency = 1.0
    reply = room.reply()
    await reply.__aenter__()
    reply.draft("The first")
    await settle()
    leaving = asyncio.create_task(reply.__aexit__(None, None, None))
    await settle()
    assert not leaving.done()
    await room.clock.advance(1.0)
    await leaving
    assert room.claim.shown == list(room.board.messages)
    assert room.board.texts() == ["The first"]


async def test_an_edit_whose_response_was_lost_may_have_had_its_effect(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        room.hinder(Deed.EDIT, LOST_RESPONSE)
        reply.draft("Something else")
        await settle()
        reply.draft("The first")
        await room.clock.advance(1.0)
        assert room.board.texts() == ["The first"]


async def test_an_edit_may_be_cancelled(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        room.board.latency = 1000.0
        reply.draft("The first words")
        await settle()
    assert room.board.texts() == ["The first"]


async def test_who_lost_the_turn_writes_nothing(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        room.claim.lost = True
        reply.draft("The first words")
        await settle()
        with pytest.raises(LeaseLost):
            await reply.finish(answer_with("The answer."))
    assert len(room.board.requests) == 1


async def test_what_is_deleted_meanwhile_is_said_once_more_at_the_end(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        room.board.messages.clear()
        for text in ("The first words", "The first words of many"):
            reply.draft(text)
            await settle()
        assert room.board.texts() == []
        await reply.finish(answer_with("The answer."))
    assert room.board.texts() == ["The answer."]


async def test_when_the_first_of_two_messages_is_deleted_their_order_stays(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft(LONG[:3000])
        await settle()
        del room.board.messages[room.claim.shown[0]]
        await reply.finish(answer_with("Changed. " + LONG[:3000]))
    assert room.board.texts() == split("Changed. " + LONG[:3000], 2000)


async def test_a_refusal_for_good_is_told_to_the_worker(room: Room) -> None:
    room.hinder(Deed.POST, *[Trouble(SurfaceRefused("no permission"))] * 2)
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        with pytest.raises(SurfaceRefused):
            await reply.finish(answer_with("The answer."))


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

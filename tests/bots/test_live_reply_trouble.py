"""An answer on a surface that refuses, forgets and dies: in the end all of it is there, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.shared.live_reply import LONGEST_PAUSE, PATIENCE
from bots.shared.split import split
from bots.shared.surface import Deed, Limits, SurfaceRefused
from core.errors import LeaseLost, StoreUnavailable, SurfaceUnavailable
from tests.support.board import Trouble
from tests.support.clock import ManualClock, settle
from tests.support.room import LONG, LOST_RESPONSE, Room, a_room, answer_with, refused


@pytest.fixture
async def room(clock: ManualClock, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(clock, tmp_path) as room:
        yield room


async def test_nothing_goes_to_a_chat_while_it_refuses_and_then_the_latest(room: Room) -> None:
    room.hinder(Deed.POST, refused(5.0))
    async with room.reply() as reply:
        reply.draft("early")
        await settle()
        reply.draft("late")
        await room.clock.advance(4.9)
        assert room.board.texts() == []
        await room.clock.advance(0.2)
        assert [request.text for request in room.board.deeds(Deed.POST)] == ["early", "late"]


async def test_a_chat_that_refuses_to_show_typing_is_left_alone_too(room: Room) -> None:
    room.hinder(Deed.TYPING, refused(300.0))
    async with room.reply(limits=Limits(2000, typing=9.0)) as reply:
        await room.clock.advance(20.0)
        reply.draft("The first")
        await room.clock.advance(200.0)
        assert [request.deed for request in room.board.requests] == [Deed.TYPING]


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
    room.hinder(Deed.DELETE, refused())  # nobody takes it away who is dead
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


async def test_a_part_whose_response_was_lost_is_no_stray_when_the_answer_became_shorter(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft(LONG[:1000])
        await settle()
        room.hinder(Deed.POST, LOST_RESPONSE)
        reply.draft(LONG[:3000])
        await settle()
        assert len(room.board.texts()) == 2
        finishing = asyncio.create_task(reply.finish(answer_with("Short.")))
        await room.clock.advance(1.0)
        await finishing
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


async def test_what_cannot_be_remembered_is_not_left_there(room: Room) -> None:
    """Where the platform tells nobody what was posted, whoever answers the turn later would post it once more."""
    room.claim.forgets = 9
    room.board.can_find = False
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        assert room.board.texts() == []


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


async def test_after_a_message_that_was_deleted_unheard_of_the_next_process_adds_to_the_answer(room: Room) -> None:
    room.board.can_find = False
    room.hinder(Deed.POST, LOST_RESPONSE)
    async with room.reply() as reply:
        reply.draft("The first")
        await settle()
        room.board.messages.clear()
        await room.clock.advance(PATIENCE)
        await reply.finish(answer_with(LONG[:1500]))
    async with room.reply(attempt=2) as reply:
        await reply.finish(answer_with(LONG[:3000]))
    assert room.board.texts() == split(LONG[:3000], 2000)


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


TROUBLES = st.tuples(
    st.sampled_from([Deed.FIND, Deed.POST, Deed.EDIT, Deed.DELETE]),
    st.builds(
        Trouble, st.builds(SurfaceUnavailable, st.just("502"), st.sampled_from([None, 1.0, 300.0])), st.booleans()
    ),
)
"""Refusals, lost requests, lost responses."""


@given(
    st.lists(TROUBLES, max_size=20),
    st.lists(st.integers(0, len(LONG)), max_size=6),
    st.integers(1, 6000),
    st.integers(0, 3),
)
def test_whatever_happens_the_answer_is_there_whole_and_once(
    troubles: list[tuple[Deed, Trouble]], drafts: list[int], length: int, forgets: int
) -> None:
    """Each attempt writes other drafts; whatever interrupts one, the next takes over as a worker would have it."""

    async def run(folder: Path) -> list[str]:
        clock = ManualClock()
        async with a_room(clock, folder) as room:
            room.board.troubles, room.claim.forgets, attempt = troubles, forgets, 0
            finished = False
            while not finished:
                attempt += 1
                finished = await _attempt(room, drafts[attempt % (len(drafts) + 1) :], LONG[:length], attempt)
                await clock.advance(300.0)
            return room.board.texts()

    with TemporaryDirectory() as folder:
        assert asyncio.run(run(Path(folder))) == [part for part in split(LONG[:length], 2000) if part.strip()]


async def _attempt(room: Room, drafts: list[int], text: str, attempt: int) -> bool:
    async with room.reply(attempt) as reply:
        for length in drafts:
            reply.draft(LONG[:length])
            await room.clock.advance(0.5)
        finishing = asyncio.create_task(reply.finish(answer_with(text)))
        await room.clock.advance(2 * PATIENCE)
        [problem] = await asyncio.gather(finishing, return_exceptions=True)
        assert problem is None or isinstance(problem, SurfaceUnavailable | StoreUnavailable)
        return problem is None

"""An answer that grows as a preview: it is shown for as long as it grows, and a message takes its place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bots.shared.live_reply import LiveReply
from bots.shared.surface import Page, SurfaceRefused
from core.errors import SurfaceUnavailable
from core.limits.rates import Rate
from core.wording import Sentence, say
from tests.support.board import BoardSurface, turn_of
from tests.support.clock import ManualClock, settle
from tests.support.room import LONG, Room, a_room, answer_with

LASTS = 25.0


@dataclass
class Previewed:
    """Previews that note what was shown; *problems* come first."""

    lasts: float = LASTS
    shown: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Exception] = field(default_factory=list)

    async def show(self, page: Page, nonce: str) -> None:
        if self.problems:
            raise self.problems.pop(0)
        self.shown.append((nonce, page.text))

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.shown]


@pytest.fixture
async def room(clock: ManualClock, tmp_path: Path) -> AsyncIterator[Room]:
    async with a_room(clock, tmp_path) as room:
        yield room


def reply_in(room: Room, previews: Previewed) -> LiveReply:
    turn = turn_of(shown=tuple(room.claim.shown))
    return LiveReply(BoardSurface(room.board), turn, room.claim, room.means, previews)


async def test_it_grows_as_a_preview_and_ends_as_one_message(room: Room) -> None:
    previews = Previewed()
    async with reply_in(room, previews) as reply:
        for text in ("First", "First words"):
            reply.draft(text)
            await settle()
        assert previews.texts == ["First", "First words"]
        assert len({nonce for nonce, _ in previews.shown}) == 1
        assert room.board.texts() == []
        await reply.finish(answer_with("First words and more."))
    assert room.board.texts() == ["First words and more."]
    assert len(previews.shown) == 2


async def test_it_is_shown_again_before_it_vanishes(room: Room) -> None:
    previews = Previewed()
    async with reply_in(room, previews) as reply:
        reply.draft("Thinking")
        await room.clock.advance(2 * LASTS + 1)
        assert previews.texts == ["Thinking"] * 3


async def test_a_message_that_is_full_is_posted_and_the_next_one_previewed(room: Room) -> None:
    previews = Previewed()
    async with reply_in(room, previews) as reply:
        reply.draft(LONG[:3000])
        await settle()
        assert len(room.board.texts()) == 1
        assert LONG[:3000].endswith(previews.texts[-1])
        await reply.finish(answer_with(LONG[:3000]))
    assert len(room.board.texts()) == 2


async def test_where_there_are_none_after_all_the_message_itself_grows(room: Room) -> None:
    previews = Previewed(problems=[SurfaceRefused("unknown method")])
    async with reply_in(room, previews) as reply:
        for text in ("First", "First words"):
            reply.draft(text)
            await settle()
            assert room.board.texts() == [text]
    assert not previews.shown


async def test_what_is_interrupted_goes_on_in_its_message(room: Room) -> None:
    async with room.reply() as reply:
        reply.draft("The first try")
        await settle()
    previews = Previewed()
    async with reply_in(room, previews) as reply:
        reply.draft("The second")
        await settle()
        assert room.board.texts() == ["The second"]
    assert not previews.shown


async def test_last_words_do_not_wait_for_a_preview_that_may_not_be_shown_yet(
    clock: ManualClock, tmp_path: Path
) -> None:
    async with a_room(clock, tmp_path, Rate(per_second=0.01, burst=2.0)) as room:
        previews = Previewed()
        async with reply_in(room, previews) as reply:
            reply.draft("First")
            await settle()
            reply.draft("First words")
            await settle()
            assert previews.texts == ["First"]
            await reply.finish(answer_with("First words."))
        assert previews.texts == ["First"]
        assert room.board.texts() == ["First words."]


async def test_a_preview_that_is_refused_for_a_while_is_shown_afterwards(room: Room) -> None:
    previews = Previewed(problems=[SurfaceUnavailable("429", 10.0)])
    async with reply_in(room, previews) as reply:
        reply.draft("First")
        await room.clock.advance(9.0)
        assert not previews.shown
        await room.clock.advance(2.0)
        assert previews.texts == ["First"]


async def test_numbers_in_line_are_previews_too(room: Room) -> None:
    previews = Previewed()
    async with reply_in(room, previews) as reply:
        for place in (3, 2, 1):
            reply.wait(place)
            await settle()
        reply.draft("First words")
        await settle()
        numbers = [say(Sentence.WAITING, "en", place=place) for place in (3, 2, 1)]
        assert previews.texts == [*numbers, "First words"]
        assert room.board.texts() == []
        await reply.finish(answer_with("First words."))

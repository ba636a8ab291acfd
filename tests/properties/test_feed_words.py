"""However a model writes, begins again, or is faster than what is published: a page that follows shows the text so far."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bots.web.stream import PACE, FeedReplies
from bots.web.translate import Seat
from bots.web.viewing import told
from core.domain import Conversation, Turn
from core.stores.sqlite.feeds import Board, SqliteFeeds
from tests.support.board import Held
from tests.support.clock import ManualClock
from tests.support.page import grown

SEAT = Seat("ada")
ROOM, NAME = SEAT.conversation("room-0001"), SEAT.turn("turn-0001")
TURN = Turn(NAME, SEAT.incoming(ROOM, NAME, 0.0, "Hello"), Conversation(ROOM), token=1)

pieces = st.tuples(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([0.0, PACE / 2, PACE]),
)
"""What comes next; whether the model begins again with it; seconds until more comes."""


class Feeds(SqliteFeeds):
    """Without a file."""

    def __init__(self, clock: ManualClock) -> None:
        self._board = Board(clock)


@given(st.lists(pieces, min_size=1, max_size=30))
def test_a_page_shows_the_text_so_far(writing: Sequence[tuple[str, bool, float]]) -> None:
    asyncio.run(_follow(writing))


async def _follow(writing: Sequence[tuple[str, bool, float]]) -> None:
    clock = ManualClock()
    feeds, text, shown = Feeds(clock), "", ""
    async with FeedReplies(feeds, clock).open(TURN, Held()) as reply, feeds.follow(SEAT.feed, None) as following:
        for piece, again, pause in writing:
            text = piece if again else text + piece
            reply.draft(text)
            await clock.advance(pause)
        await clock.advance(PACE)
        events = await following.next()
    for event in events:
        words = json.loads(event.data)
        shown = grown(shown, words["at"], words["text"])
    assert shown == text
    assert told(events, "room-0001").words == {"turn-0001": text}

"""What happens is told to every page of a visitor, and what was missed is told again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.types import Message

from bots.web.events import BEAT, HEARTBEAT, EventStream, Means
from bots.web.streams import Streams
from bots.web.translate import Seat
from core.stores.opening import open_store
from core.watching import UNWATCHED
from tests.support.clock import ManualClock, until
from tests.support.page import Page, followed, page
from tests.support.web import web


async def test_two_tabs_see_the_same_answer_grow(tmp_path: Path) -> None:
    async with web(tmp_path, delay=0.01) as url, page(url) as first, page(url, tab_of=first) as second:
        turn = await first.ask("one two three four five six")
        assert await second.answered(turn) == await first.answered(turn)
        asked = next(event for event in second.heard if event["kind"] == "asked")
        assert asked["question"]["text"] == "one two three four five six"
        assert second.words[turn].startswith("You said: one")


async def test_a_tab_opened_in_the_middle_of_an_answer_has_its_words_so_far(tmp_path: Path) -> None:
    async with web(tmp_path, delay=0.02) as url, page(url) as first:
        turn = await first.ask(" ".join(f"w{number}" for number in range(60)))
        await until(lambda: "w9 " in first.words.get(turn, ""))
        (asked,) = (await first.show())["pending"]
        assert asked["turn"] == turn
        assert "w9" in asked["words"]


async def test_a_lost_connection_is_taken_up_where_it_was(tmp_path: Path) -> None:
    """Nothing between the two connections is missing, and nothing comes twice."""
    async with web(tmp_path) as url, page(url) as watching, page(url, tab_of=watching) as other:
        await other.answer("One")
        await until(lambda: bool(watching.answers))
        after = watching.after
        await other.answer("Two")
        later = Page(other.client, after=after)
        async with followed(later):
            await until(lambda: bool(later.answers))
            assert list(later.answers.values()) == ["You said: Two"]


async def test_who_comes_back_after_too_long_reads_everything_anew(tmp_path: Path) -> None:
    async with web(tmp_path) as url, page(url) as ada:
        late = Page(ada.client, after="1-1")
        async with followed(late):
            await until(lambda: bool(late.heard))
            assert late.heard == [{"kind": "reload"}]
            turn = await late.ask("Hello")
            assert await late.answered(turn) == "You said: Hello"


async def test_a_silent_stream_says_that_it_lives(tmp_path: Path, clock: ManualClock) -> None:
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        sent: list[Message] = []
        leave = asyncio.Event()

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            await leave.wait()
            return {"type": "http.disconnect"}

        stream = EventStream(Means(store, clock, Streams(UNWATCHED)), Seat("ada"), None)
        streaming = asyncio.create_task(stream({"type": "http"}, receive, send))
        await clock.advance(2 * HEARTBEAT)
        leave.set()
        await streaming
        assert [message.get("body") for message in sent] == [None, BEAT, BEAT, BEAT, b""]

"""How an answer gets to the pages that watch: at once, together, in order, and from the beginning where that is needed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bots.web.stream import PACE, WHOLE, FeedReplies
from bots.web.translate import Seat
from bots.web.viewing import told
from core.domain import Answer, Conversation, Finish, Turn, Usage, answer_id
from core.errors import LeaseLost, ModelBusy
from core.ports import Store
from core.ports_sharing import Following
from core.stores.opening import open_store
from core.wording import Sentence, say
from tests.support.board import Held
from tests.support.clock import ManualClock, settle

SEAT = Seat("ada")
ROOM = SEAT.conversation("room-0001")
TURN = Turn(
    SEAT.turn("turn-0001"), SEAT.incoming(ROOM, SEAT.turn("turn-0001"), 0.0, "Hello"), Conversation(ROOM), token=1
)
ANSWER = Answer(answer_id(TURN.id), "Hello, Ada.", "alpha", Finish.STOP, Usage(prompt=3, completion=4, cost=5_000_000))


@dataclass
class Watcher:
    following: Following

    async def heard(self) -> list[dict[str, Any]]:
        return [json.loads(event.data) for event in await self.following.next()]


@asynccontextmanager
async def opened(folder: Path, clock: ManualClock) -> AsyncIterator[tuple[Store, FeedReplies, Watcher]]:
    async with (
        open_store(f"sqlite:///{folder}/parlour.db", clock) as store,
        store.follow(SEAT.feed, None) as following,
    ):
        yield store, FeedReplies(store, clock), Watcher(following)


async def test_first_words_are_published_at_once_and_the_next_ones_together(tmp_path: Path, clock: ManualClock) -> None:
    async with opened(tmp_path, clock) as (_, replies, watcher), replies.open(TURN, Held()) as reply:
        reply.draft("Hello")
        assert [(event["at"], event["text"]) for event in await watcher.heard()] == [(0, "Hello")]
        await settle()
        reply.draft("Hello,")
        reply.draft("Hello, Ada")
        await clock.advance(PACE)
        assert [(event["at"], event["text"]) for event in await watcher.heard()] == [(5, ", Ada")]


async def test_places_in_the_text_are_counted_as_browsers_count(tmp_path: Path, clock: ManualClock) -> None:
    async with opened(tmp_path, clock) as (_, replies, watcher), replies.open(TURN, Held()) as reply:
        reply.draft("👋 你好")
        await settle()
        reply.draft("👋 你好 Ada")
        await clock.advance(PACE)
        assert [event["at"] for event in await watcher.heard()] == [0, 5]


async def test_a_model_that_begins_again_is_shown_from_the_beginning(tmp_path: Path, clock: ManualClock) -> None:
    async with opened(tmp_path, clock) as (_, replies, watcher), replies.open(TURN, Held()) as reply:
        reply.draft("One thing")
        await settle()
        reply.draft("Another")
        await clock.advance(PACE)
        assert [(event["at"], event["text"]) for event in await watcher.heard()] == [(0, "One thing"), (0, "Another")]


async def test_who_comes_later_finds_all_words_in_what_the_feed_keeps(tmp_path: Path, clock: ManualClock) -> None:
    text = ""
    async with opened(tmp_path, clock) as (store, replies, _), replies.open(TURN, Held()) as reply:
        for number in range(11 * WHOLE):
            text += f"{number} "
            reply.draft(text)
            await clock.advance(PACE)
        async with store.follow(SEAT.feed, "") as kept:
            events = list(await kept.next())
        assert json.loads(events[0].data)["at"] > 0
        assert told(events, "room-0001").words == {"turn-0001": text}


async def test_the_kept_answer_comes_last_and_says_what_it_cost(tmp_path: Path, clock: ManualClock) -> None:
    async with opened(tmp_path, clock) as (_, replies, watcher):
        async with replies.open(TURN, Held()) as reply:
            reply.draft("Hello")
            await settle()
            reply.draft("Hello, Ada")
            await reply.finish(ANSWER)
        await clock.advance(PACE)
        *_, last = await watcher.heard()
        assert (last["kind"], last["conversation"], last["turn"]) == ("done", "room-0001", "turn-0001")
        assert (last["message"]["id"], last["message"]["parent"]) == ("turn-0001/a", "turn-0001/q")
        assert (last["message"]["text"], last["message"]["usage"]["cost"]) == ("Hello, Ada.", 0.005)


async def test_that_another_model_answered_is_told_beside_the_answer(tmp_path: Path, clock: ManualClock) -> None:
    async with opened(tmp_path, clock) as (_, replies, watcher), replies.open(TURN, Held()) as reply:
        await reply.finish(replace(ANSWER, instead_of="omega"))
        (event,) = await watcher.heard()
        assert event["message"]["text"] == "Hello, Ada."
        assert event["note"] == say(Sentence.BUDGET_LOW, "en", model="alpha")


async def test_an_error_is_a_sentence_in_the_visitors_language(tmp_path: Path, clock: ManualClock) -> None:
    asked = Seat("ada", "zh-CN").incoming(ROOM, TURN.id, 0.0, "你好")
    async with (
        opened(tmp_path, clock) as (_, replies, watcher),
        replies.open(replace(TURN, incoming=asked), Held()) as reply,
    ):
        await reply.fail(ModelBusy())
        (event,) = await watcher.heard()
        assert (event["kind"], event["code"]) == ("failed", "model_busy")
        assert event["message"] == say(Sentence.MODEL_BUSY, "zh")


async def test_who_lost_the_turn_publishes_nothing_more(tmp_path: Path, clock: ManualClock) -> None:
    held = Held()
    async with opened(tmp_path, clock) as (_, replies, watcher), replies.open(TURN, held) as reply:
        reply.draft("Hello")
        await settle()
        held.lost = True
        reply.draft("Hello, Ada")
        await clock.advance(PACE)
        with pytest.raises(LeaseLost):
            await reply.finish(ANSWER)
        assert len(await watcher.heard()) == 1


async def test_many_answers_at_once_grow_in_bigger_steps(tmp_path: Path, clock: ManualClock) -> None:
    """Each is published less often, so that all of them together cost no more."""
    async with opened(tmp_path, clock) as (_, replies, watcher):
        others = [replies.open(TURN, Held()) for _ in range(300)]
        for other in others:
            await other.__aenter__()
        async with replies.open(TURN, Held()) as reply:
            reply.draft("Hello")
            await clock.advance(0)
            reply.draft("Hello, Ada")
            await clock.advance(2 * PACE)
            assert len(await watcher.heard()) == 1
            await clock.advance(PACE * 2)
            assert len(await watcher.heard()) == 1
        for other in others:
            await other.__aexit__(None, None, None)


async def test_who_waits_in_line_is_told_their_number_until_there_are_words(tmp_path: Path, clock: ManualClock) -> None:
    async with opened(tmp_path, clock) as (store, replies, watcher), replies.open(TURN, Held()) as reply:
        reply.wait(4)
        (event,) = await watcher.heard()
        assert (event["kind"], event["place"], event["turn"]) == ("waiting", 4, "turn-0001")
        assert event["message"] == say(Sentence.WAITING, "en", place=4)
        async with store.follow(SEAT.feed, "") as following:
            assert told(await following.next(), "room-0001").places == {"turn-0001": event["message"]}
        await settle()
        reply.draft("Hello")
        await clock.advance(PACE)
        assert [event["kind"] for event in await watcher.heard()] == ["words"]

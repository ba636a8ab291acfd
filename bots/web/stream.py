"""Answers on their way to the pages that watch: the words while they are written, then the kept answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from bots.web import render
from bots.web.translate import FEED, short
from core.conversations.reports import note_on
from core.domain import Answer, Turn
from core.errors import ChatError, StoreError
from core.ports import Claim, Clock, Reply
from core.ports_sharing import Feeds
from core.tasks import cancelled
from core.wording import Sentence, say

PACE, SLOWEST = 0.06, 0.5
"""Seconds between two publications of one answer: as often as a page has use for, and at least."""
MOST = 1_500.0
"""Publications a second of one process. Many answers at once share them and grow in bigger steps."""
WHOLE = 100
"""Publications of an answer until its words are published from the beginning again. A feed keeps ten times as many: who
begins to watch finds all words of up to nine answers at once."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a reply writes with. pace: seconds until it may write words again."""

    feeds: Feeds
    clock: Clock
    pace: Callable[[], float]


class FeedReplies:
    """`Replies` that publish what they show on the feed that the question's address names."""

    def __init__(self, feeds: Feeds, clock: Clock) -> None:
        self._line = Line(feeds, clock, self._pace)
        self._open = 0

    @asynccontextmanager
    async def open(self, turn: Turn, claim: Claim) -> AsyncIterator[Reply]:
        reply = FeedReply(self._line, turn, claim)
        self._open += 1
        try:
            yield reply
            await reply.settled()
        finally:
            self._open -= 1
            await reply.close()

    def _pace(self) -> float:
        return min(SLOWEST, max(PACE, self._open / MOST))


class FeedReply:
    """The first words are published at once, those after them together. Who takes over a turn begins from the beginning:
    words that somebody else published are replaced."""

    def __init__(self, line: Line, turn: Turn, claim: Claim) -> None:
        self._line = line
        self._turn = turn
        self._claim = claim
        self._feed = turn.incoming.address[FEED]
        self._names = {"conversation": short(turn.incoming.conversation), "turn": short(turn.id)}
        self._language = turn.incoming.sender.language
        self._tells_more = False
        self._text = ""
        self._place = 0
        self._stale = asyncio.Event()
        self._painter: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._published = ""
        self._units = 0
        self._steps = 0

    def draft(self, text: str) -> None:
        self._text = text
        self._publish()

    def wait(self, place: int) -> bool:
        self._place = place
        self._publish()
        return True

    async def finish(self, answer: Answer) -> None:
        message = render.answer(self._turn, answer, self._line.clock.now())
        await self._close_with("done", message=message, note=note_on(answer, self._language))
        self._tells_more = bool(self._turn.incoming.again or self._turn.incoming.revises)

    async def fail(self, problem: ChatError) -> None:
        sentence = say(problem.sentence, self._language, **problem.values)
        more = {"code": problem.sentence.value, "retry_after": problem.retry_after}
        await self._close_with("failed", message=sentence, **more)
        self._tells_more = True

    async def settled(self) -> None:
        """The turn is over in the store too: what pages see there beside the answer (siblings, what failed) is final."""
        if self._tells_more:
            with suppress(StoreError):
                changed = render.encoded("changed", conversation=self._names["conversation"])
                await self._line.feeds.publish(self._feed, changed)

    async def close(self) -> None:
        """No words are published any more."""
        async with self._writing:  # what is half said is said, so that nothing comes after the end
            if self._painter is not None:
                self._painter.cancel()
        if self._painter is not None:
            await cancelled(self._painter)

    async def _close_with(self, kind: str, **fields: object) -> None:
        await self.close()
        await self._say(kind, **fields)

    def _publish(self) -> None:
        self._stale.set()
        if self._painter is None:
            self._painter = asyncio.create_task(self._paint(), name=f"words {self._turn.id}")

    async def _paint(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            with suppress(StoreError):  # who watches gets the next words, or the kept answer
                await (self._say_words() if self._text else self._say_place())
            await self._line.clock.sleep(self._line.pace())

    async def _say_place(self) -> None:
        message = say(Sentence.WAITING, self._language, place=self._place)
        await self._say("waiting", place=self._place, message=message)

    async def _say_words(self) -> None:
        text, before = self._text, self._published
        self._published = ""  # until it is: where it is not, the next words are published from the beginning
        self._steps += 1
        if not before or self._steps % WHOLE == 0 or not text.startswith(before):
            before, self._units = "", 0
        more = text[len(before) :]
        await self._say("words", at=self._units, text=more)
        self._published = text
        self._units += utf16(more)

    async def _say(self, kind: str, **fields: object) -> None:
        async with self._writing:
            self._claim.check()
            await self._line.feeds.publish(self._feed, render.encoded(kind, **self._names, **fields))


def utf16(text: str) -> int:
    """The length of *text* as browsers count it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2

"""What every backend's feeds have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from core.domain_sharing import FeedEvent
from core.errors import FeedGap

KEPT = 1_000
"""Events of a feed that are kept at least (`core.ports_sharing.Feeds`)."""
MEMORY = 600
"""Seconds after the newest event for which a feed is kept."""
_MOST = 2 * KEPT
"""Events that wait for one follower at most; all that are kept may come at once."""


class Follower:
    """`core.ports_sharing.Following` without a task of its own: whoever hears of events gives them to it."""

    def __init__(self) -> None:
        self.lost = False
        """`next` raises FeedGap from now on."""
        self._events: list[FeedEvent] = []
        self._news = asyncio.Event()

    def give(self, events: Iterable[FeedEvent]) -> None:
        self._events += events
        if len(self._events) > _MOST:
            self.lose()  # nobody takes them: the memory of the process is not to pay for that
        elif self._events:
            self._news.set()

    def lose(self) -> None:
        """Events are missing now, so the others are of no use."""
        self._events.clear()
        self.lost = True
        self._news.set()

    async def next(self) -> Sequence[FeedEvent]:
        await self._news.wait()
        if self.lost:
            raise FeedGap
        self._news.clear()
        events, self._events = self._events, []
        return events

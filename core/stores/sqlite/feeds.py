"""`core.ports_sharing.Feeds` within one process: nothing of it is on the disk."""

from __future__ import annotations

import itertools
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from core.domain_sharing import FeedEvent
from core.errors import FeedGap
from core.ports import Clock
from core.stores.codec import storable
from core.stores.feeds import KEPT, MEMORY, Follower


@dataclass(slots=True)
class _Kept:
    """The newest events of one feed. until: Unix seconds."""

    events: deque[FeedEvent] = field(default_factory=lambda: deque(maxlen=KEPT))
    until: float = 0.0


class Board:
    """All feeds of a process, and who follows them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._followers: defaultdict[str, set[Follower]] = defaultdict(set)
        # Ids of an earlier process are not to be mistaken for ours.
        self._ids = (f"{int(clock.now() * 1000)}-{number}" for number in itertools.count(1))

    def publish(self, feed: str, data: str) -> str:
        self._forget()
        event = FeedEvent(next(self._ids), storable(data))
        kept = self._kept.setdefault(feed, _Kept())
        kept.events.append(event)
        kept.until = self._clock.now() + MEMORY
        self._kept.move_to_end(feed)
        for follower in self._followers.get(feed, ()):
            follower.give((event,))
        return event.id

    def since(self, feed: str, after: str | None) -> tuple[FeedEvent, ...]:
        """As `core.ports_sharing.Feeds.follow` says. Raises FeedGap."""
        self._forget()
        kept = self._kept.get(feed, _Kept()).events
        if not after:
            return () if after is None else tuple(kept)
        ids = [event.id for event in kept]
        if after not in ids:
            raise FeedGap
        return tuple(kept)[ids.index(after) + 1 :]

    def forget(self, feeds: Iterable[str]) -> None:
        for feed in feeds:
            self._kept.pop(feed, None)

    def join(self, feed: str, follower: Follower) -> None:
        self._followers[feed].add(follower)

    def leave(self, feed: str, follower: Follower) -> None:
        self._followers[feed].discard(follower)
        if not self._followers[feed]:
            del self._followers[feed]

    def _forget(self) -> None:
        for feed in list(self._over()):
            del self._kept[feed]

    def _over(self) -> Iterator[str]:
        now = self._clock.now()
        return itertools.takewhile(lambda feed: self._kept[feed].until <= now, self._kept)


class SqliteFeeds:
    _board: Board

    async def publish(self, feed: str, event: str) -> str:
        return self._board.publish(feed, event)

    async def newest(self, feed: str) -> str:
        kept = self._board.since(feed, "")
        return kept[-1].id if kept else ""

    @asynccontextmanager
    async def follow(self, feed: str, after: str | None) -> AsyncIterator[Follower]:
        follower = Follower()
        follower.give(self._board.since(feed, after))
        self._board.join(feed, follower)
        try:
            yield follower
        finally:
            self._board.leave(feed, follower)

"""`core.ports_sharing.Feeds`. A feed is a stream. Each of its events is also told on a channel, together with the id of
the one before it, so that whoever missed one finds out and reads the stream."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

from core.domain_sharing import FeedEvent
from core.errors import FeedGap, StoreError
from core.stores.codec import storable
from core.stores.feeds import KEPT, MEMORY, Follower
from core.stores.redis.bundle import Bundle
from core.stores.redis.database import PREFIX, Database
from core.stores.redis.listening import PAUSE, Listener
from core.tasks import cancelled

_ID = re.compile(r"\d{1,19}-\d{1,19}")
"""A stream's: milliseconds and a number (redis.io, "Redis Streams", entry ids)."""
_AT_ONCE = 100  # feeds that one round trip reads


def _order(event: str) -> tuple[int, ...]:
    return tuple(int(number) for number in event.split("-")) if event else ()


class Tail(Follower):
    """Follows one feed. last: the newest event it has. behind: it may lack some, so it takes none until they are read."""

    def __init__(self, feed: str, last: str) -> None:
        super().__init__()
        self.feed = feed
        self.last = last
        self.behind = True
        self._heard = ""

    def hear(self, before: str, event: FeedEvent) -> None:
        """*before*: the id of the event before this one; empty where none is kept."""
        if _order(event.id) <= _order(self.last):
            return
        self.behind = self.behind or before not in {"", self.last}
        if self.behind:
            self._heard = event.id
        else:
            self._take([event])

    def start(self) -> None:
        """It has everything up to `last`, as far as it heard."""
        self.behind = _order(self._heard) > _order(self.last)

    def read(self, events: Sequence[FeedEvent]) -> None:
        """*events*: what is kept from `last` on, that one included."""
        if self.last and (not events or events[0].id != self.last):
            self.lose()
            return
        events = events[1:] if self.last else events
        self._take(events)
        # What was heard of and is not there after all was lost by the server.
        self.behind = bool(events) and _order(self._heard) > _order(self.last)

    def _take(self, events: Sequence[FeedEvent]) -> None:
        if events:
            self.last = events[-1].id
            self.give(events)


class Channel:
    """Those in this process who follow one feed: an `Ear`. fallen: takes who falls behind."""

    def __init__(self, fallen: asyncio.Queue[Tail]) -> None:
        self.tails: set[Tail] = set()
        self._fallen = fallen

    def listening(self) -> None:
        for tail in self.tails:
            if not tail.behind:
                tail.behind = True
                self._fallen.put_nowait(tail)

    def heard(self, message: str) -> None:
        before, name, data = message.split(" ", 2)
        event = FeedEvent(name, data)
        for tail in self.tails:
            was_behind = tail.behind
            tail.hear(before, event)
            if tail.behind and not was_behind:
                self._fallen.put_nowait(tail)


class Tails:
    """``async with Tails(…)``: everybody in this process who follows a feed."""

    def __init__(self, database: Database, listener: Listener) -> None:
        self._database = database
        self._listener = listener
        self._channels: dict[str, Channel] = {}
        self._fallen: asyncio.Queue[Tail] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_up(), name="redis feeds")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(self._task)

    async def newest(self, feed: str) -> str:
        found = await self._database.link.execute("XREVRANGE", self._database.key("e", feed), "+", "-", "COUNT", "1")
        return str(found[0][0]) if found else ""

    @asynccontextmanager
    async def follow(self, feed: str, after: str | None) -> AsyncIterator[Tail]:
        if after and not _ID.fullmatch(after):
            raise FeedGap
        tail = Tail(feed, after or "")
        channel = self._channels.setdefault(feed, Channel(self._fallen))
        channel.tails.add(tail)
        try:
            await self._listener.add(_channel(feed), channel)
            if after is None:
                tail.last = await self.newest(feed)
                tail.start()
            while tail.behind:
                await self._read([tail])
                if tail.lost:
                    raise FeedGap
            yield tail
        finally:
            channel.tails.discard(tail)
            if not channel.tails and self._channels.get(feed) is channel:
                del self._channels[feed]
                self._listener.drop(_channel(feed))

    async def _keep_up(self) -> None:
        """Reads for those who missed something, all that there are at once."""
        behind: list[Tail] = []
        while True:
            if not behind:
                behind.append(await self._fallen.get())
            while not self._fallen.empty():
                behind.append(self._fallen.get_nowait())
            try:
                await self._read(behind[:_AT_ONCE])
            except StoreError:
                await self._database.clock.sleep(PAUSE)
            behind = [tail for tail in behind if tail.behind and not tail.lost]

    async def _read(self, tails: Sequence[Tail]) -> None:
        database = self._database
        calls = [database.call("feed", database.partition(tail.feed), tail.feed, tail.last) for tail in tails]
        for tail, found in zip(tails, await database.link.run_all(calls), strict=True):
            tail.read([FeedEvent(name, fields[1]) for name, fields in found])


class RedisFeeds:
    _database: Database
    _bundle: Bundle
    _tails: Tails

    async def publish(self, feed: str, event: str) -> str:
        partition = self._database.partition(feed)
        call = self._database.call("publish", partition, feed, event, _channel(storable(feed)), KEPT, MEMORY)
        return str(await self._bundle.run(call))

    async def newest(self, feed: str) -> str:
        return await self._tails.newest(feed)

    def follow(self, feed: str, after: str | None) -> AbstractAsyncContextManager[Tail]:
        return self._tails.follow(feed, after)


def _channel(feed: str) -> str:
    return f"{PREFIX}:feed:{storable(feed)}"

"""Bookmarks, and permits that several processes share. What each step changes stands in the Lua file of its name."""

from __future__ import annotations

from core.stores.codec import BOOKMARK_MEMORY, BookmarkRow, record_key, storable
from core.stores.redis.database import Database
from core.stores.redis.scripts import Call
from core.stores.redis.values import fields_of


class RedisSharing:
    _database: Database

    async def note(self, lane: str, place: str, position: int) -> None:
        row = BookmarkRow(lane, place, position, self._database.clock.now())
        await self._database.link.run(noting(self._database, row))

    async def places(self, lane: str) -> dict[str, int]:
        found = {}
        for flat in await self._database.run_everywhere("marks"):
            for mark, position in fields_of(flat).items():
                there, _, place = mark.partition("\n")
                if there == storable(lane):
                    found[place] = int(position)
        return found

    async def draw(self, bucket: str, rate: float, burst: float, permits: int) -> tuple[float, float]:
        wait, held = await self._database.run("draw", bucket, bucket, rate, burst, permits)
        return float(wait), max(0.0, float(held) - self._database.time.now())

    async def hold(self, bucket: str, seconds: float) -> None:
        await self._database.run("hold", bucket, bucket, self._database.time.now() + seconds)

    async def held(self, bucket: str) -> float:
        until = await self._database.link.execute("HGET", self._database.key("b", bucket), "held")
        return max(0.0, float(until or 0) - self._database.time.now())


def noting(database: Database, row: BookmarkRow) -> Call:
    """The step that writes *row*."""
    mark = record_key(row.lane, row.place)
    partition = database.partition(row.place)
    return database.call("note", partition, mark, str(row.position), row.noted + BOOKMARK_MEMORY)

"""Bookmarks, and permits that several processes share, in an SQLite file."""

from __future__ import annotations

import math

from core.limits.rates import Bucket, Rate, full, take
from core.stores.codec import BOOKMARK_MEMORY, BookmarkRow
from core.stores.sqlite.database import Database, Session

_AT_ONCE = 1_000  # so that a sweep never keeps the writer long


class SqliteSharing:
    _database: Database

    async def note(self, lane: str, place: str, position: int) -> None:
        await self._database.write(
            lambda session: put_bookmark(session, BookmarkRow(lane, place, position, session.now))
        )

    async def places(self, lane: str) -> dict[str, int]:
        rows = await self._database.read(
            lambda session: session.all("SELECT place, position FROM bookmarks WHERE lane = ?", lane)
        )
        return dict(rows)

    async def draw(self, bucket: str, rate: float, burst: float, permits: int) -> tuple[float, float]:
        return await self._database.write(lambda session: _draw(session, bucket, Rate(rate, burst), permits))

    async def hold(self, bucket: str, seconds: float) -> None:
        await self._database.write(
            lambda session: session.run(
                """INSERT INTO permits (bucket, level, at, held) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT (bucket) DO UPDATE SET held = MAX(held, excluded.held)""",
                bucket,
                math.inf,  # nobody has drawn of it: it is as full as it can be, which only who draws knows
                session.steady,
                session.steady + seconds,
            )
        )

    async def held(self, bucket: str) -> float:
        return await self._database.read(lambda session: _held(session, bucket))


def put_bookmark(session: Session, row: BookmarkRow) -> None:
    session.run(
        """INSERT INTO bookmarks (lane, place, position, noted) VALUES (?, ?, ?, ?)
        ON CONFLICT (lane, place) DO UPDATE
        SET position = MAX(position, excluded.position), noted = MAX(noted, excluded.noted)""",
        row.lane,
        row.place,
        row.position,
        row.noted,
    )


def forget_bookmarks(session: Session) -> int:
    deleted = session.run(
        "DELETE FROM bookmarks WHERE seq IN (SELECT seq FROM bookmarks WHERE noted <= ? LIMIT ?)",
        session.now - BOOKMARK_MEMORY,
        _AT_ONCE,
    )
    return deleted.rowcount


def _draw(session: Session, bucket: str, rate: Rate, permits: int) -> tuple[float, float]:
    row = session.one("SELECT level, at FROM permits WHERE bucket = ?", bucket)
    left, seconds = take(Bucket(*row) if row else full(rate, session.steady), rate, session.steady, permits)
    session.run(
        """INSERT INTO permits (bucket, level, at) VALUES (?, ?, ?)
        ON CONFLICT (bucket) DO UPDATE SET level = excluded.level, at = excluded.at""",
        bucket,
        left.level,
        left.at,
    )
    return seconds, _held(session, bucket)


def _held(session: Session, bucket: str) -> float:
    until: float | None = session.value("SELECT held FROM permits WHERE bucket = ?", bucket)
    return max(0.0, (until or 0.0) - session.steady)

"""Token buckets that nobody can owe anything, in an SQLite file."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain_limits import Delay, Pace
from core.limits.rates import Bucket, Rate, full, level_of, take
from core.stores.purses import ADMITTED_MEMORY
from core.stores.sqlite.database import Database, Session

_AT_ONCE = 1_000  # so that a sweep never keeps the writer long


class SqlitePaces:
    _database: Database

    async def admit(self, key: str, paces: Sequence[Pace]) -> Delay | None:
        return await self._database.write(lambda session: _admit(session, key, paces))

    async def levels(self, paces: Sequence[Pace]) -> tuple[float, ...]:
        return await self._database.read(lambda session: tuple(_level(session, pace) for pace in paces))


def _admit(session: Session, key: str, paces: Sequence[Pace]) -> Delay | None:
    if session.one("SELECT 1 FROM admitted WHERE key = ? AND until > ?", key, session.steady):
        return None
    taken = [take(_bucket(session, pace), Rate(pace.per_second, pace.burst), session.steady) for pace in paces]
    longest = max((seconds for _, seconds in taken), default=0.0)
    if longest > 0:
        return Delay([seconds for _, seconds in taken].index(longest), longest)
    for pace, (bucket, _) in zip(paces, taken, strict=True):
        again = bucket.at + (pace.burst - bucket.level) / pace.per_second
        session.run("INSERT OR REPLACE INTO paces VALUES (?, ?, ?, ?)", pace.name, bucket.level, bucket.at, again)
    session.run("INSERT OR REPLACE INTO admitted VALUES (?, ?)", key, session.steady + ADMITTED_MEMORY)
    return None


def _level(session: Session, pace: Pace) -> float:
    return level_of(_bucket(session, pace), Rate(pace.per_second, pace.burst), session.steady)


def _bucket(session: Session, pace: Pace) -> Bucket:
    row = session.one("SELECT level, at FROM paces WHERE name = ?", pace.name)
    return Bucket(*row) if row else full(Rate(pace.per_second, pace.burst), session.steady)


def forget_paces(session: Session) -> int:
    """Those that are full again are as good as new."""
    rows = 0
    for table, key in (("paces", "name"), ("admitted", "key")):
        gone = f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE until <= ? LIMIT ?)"  # noqa: S608  # our own names
        rows += session.run(gone, session.steady, _AT_ONCE).rowcount
    return rows

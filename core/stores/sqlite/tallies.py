"""Tallies, and who asked when, in an SQLite file."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain import Record
from core.domain_limits import Tally, Whose, day_of
from core.stores.codec import record_key
from core.stores.sqlite.database import Database, Session
from core.stores.tallies import (
    DAY,
    SEEN_MEMORY,
    SEEN_RECORD,
    SEEN_ROW,
    TALLY_MEMORY,
    TALLY_RECORD,
    TALLY_ROW,
    SeenRow,
)

_AT_ONCE = 1_000  # so that a sweep never keeps the writer long


class SqliteTallies:
    _database: Database

    async def count(self, tally: Tally, asked: Mapping[Whose, str]) -> None:
        def operation(session: Session) -> None:
            known = session.value("SELECT body FROM tallies WHERE day = ? AND model = ?", tally.day, tally.model)
            _put_tally(session, tally if known is None else TALLY_ROW.decode(known) + tally)
            for whose, name in asked.items():
                _put_seen(session, SeenRow(whose, name, tally.day))

        await self._database.write(operation)

    async def tallies(self, since: str) -> tuple[Tally, ...]:
        rows = await self._database.read(
            lambda session: session.all("SELECT body FROM tallies WHERE day >= ? ORDER BY day, model", since)
        )
        return tuple(TALLY_ROW.decode(body) for (body,) in rows)

    async def seen(self, whose: Whose, since: str) -> int:
        number: int = await self._database.read(
            lambda session: session.value(
                "SELECT COUNT(*) FROM marks WHERE day >= ? AND mark LIKE ?", since, f"{whose} %"
            )
        )
        return number


def _put_tally(session: Session, tally: Tally) -> None:
    session.run(
        """INSERT INTO tallies (day, model, body) VALUES (?, ?, ?)
        ON CONFLICT (day, model) DO UPDATE SET body = excluded.body""",
        tally.day,
        tally.model,
        TALLY_ROW.encode(tally),
    )


def _put_seen(session: Session, row: SeenRow) -> None:
    session.run(
        "INSERT INTO marks (mark, day) VALUES (?, ?) ON CONFLICT (mark) DO UPDATE SET day = MAX(day, excluded.day)",
        f"{row.whose} {row.name}",
        row.day,
    )


def forget_tallies(session: Session) -> int:
    rows = 0
    for table, days in (("tallies", TALLY_MEMORY), ("marks", SEEN_MEMORY)):
        gone = f"DELETE FROM {table} WHERE seq IN (SELECT seq FROM {table} WHERE day < ? LIMIT ?)"  # noqa: S608  # our own names
        rows += session.run(gone, day_of(session.now - days * DAY), _AT_ONCE).rowcount
    return rows


def read_tally(session: Session, seq: int) -> Record:
    day, model, body = session.one("SELECT day, model, body FROM tallies WHERE seq = ?", seq)
    return Record(TALLY_RECORD, record_key(day, model), body)


def write_tally(session: Session, value: str) -> None:
    _put_tally(session, TALLY_ROW.decode(value))


def read_seen(session: Session, seq: int) -> Record:
    mark, day = session.one("SELECT mark, day FROM marks WHERE seq = ?", seq)
    whose, _, name = mark.partition(" ")
    return Record(SEEN_RECORD, mark, SEEN_ROW.encode(SeenRow(Whose(whose), name, day)))


def write_seen(session: Session, value: str) -> None:
    _put_seen(session, SEEN_ROW.decode(value))

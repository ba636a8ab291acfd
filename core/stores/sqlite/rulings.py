"""What admins have said of people and places, in an SQLite file."""

from __future__ import annotations

from core.domain import Record
from core.domain_limits import Ruling
from core.stores.rulings import RULING_RECORD, RULING_ROW, RulingRow
from core.stores.sqlite.database import Database, Session


class SqliteRulings:
    _database: Database

    async def rule(self, subject: str, ruling: Ruling | None) -> None:
        await self._database.write(lambda session: _rule(session, subject, ruling))

    async def rulings(self) -> dict[str, Ruling]:
        rows = await self._database.read(lambda session: session.all("SELECT subject, ruling FROM rulings"))
        return {subject: Ruling(ruling) for subject, ruling in rows}


def _rule(session: Session, subject: str, ruling: Ruling | None) -> None:
    if ruling is None:
        session.run("DELETE FROM rulings WHERE subject = ?", subject)
    else:
        put_ruling(session, RulingRow(subject, ruling))


def put_ruling(session: Session, row: RulingRow) -> None:
    session.run(
        """INSERT INTO rulings (subject, ruling) VALUES (?, ?)
        ON CONFLICT (subject) DO UPDATE SET ruling = excluded.ruling""",
        row.subject,
        row.ruling,
    )


def read_ruling(session: Session, seq: int) -> Record:
    subject, ruling = session.one("SELECT subject, ruling FROM rulings WHERE seq = ?", seq)
    return Record(RULING_RECORD, subject, RULING_ROW.encode(RulingRow(subject, Ruling(ruling))))


def write_ruling(session: Session, value: str) -> None:
    put_ruling(session, RULING_ROW.decode(value))

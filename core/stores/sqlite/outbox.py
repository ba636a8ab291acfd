"""`core.ports_sharing.Outbox` in an SQLite file."""

from __future__ import annotations

from dataclasses import replace

from core.domain import PersonId
from core.domain_sharing import Unsaid
from core.errors import LeaseLost
from core.stores.codec import UNSAID_MEMORY
from core.stores.sqlite.database import Database, Session

_LEFT = "SELECT key, person, body, token FROM outbox WHERE lane = ? AND until <= ? AND expires > ? ORDER BY until, seq"


class SqliteOutbox:
    _database: Database

    async def owe(self, unsaid: Unsaid, lease: float) -> Unsaid:
        return await self._database.write(lambda session: _owe(session, unsaid, lease))

    async def renew_unsaid(self, unsaid: Unsaid, lease: float) -> None:
        await self._database.write(lambda session: _renew(session, unsaid, lease))

    async def take_unsaid(self, lane: str, lease: float) -> tuple[Unsaid, ...]:
        if not await self._database.read(lambda session: _left(session, lane)):
            return ()  # nearly always, and reading keeps nobody from writing
        return await self._database.write(lambda session: _take(session, lane, lease))

    async def said(self, unsaid: Unsaid) -> None:
        await self._database.write(
            lambda session: session.run(
                "DELETE FROM outbox WHERE lane = ? AND key = ? AND token = ?", unsaid.lane, unsaid.key, unsaid.token
            )
        )


def _owe(session: Session, unsaid: Unsaid, lease: float) -> Unsaid:
    last = session.value("SELECT token FROM outbox WHERE lane = ? AND key = ?", unsaid.lane, unsaid.key)
    owed = replace(unsaid, token=session.token_above(last))
    session.run(
        "INSERT OR REPLACE INTO outbox (lane, key, person, token, until, expires, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        owed.lane,
        owed.key,
        owed.person,
        owed.token,
        session.steady + lease,
        session.now + UNSAID_MEMORY,
        owed.body,
    )
    return owed


def _renew(session: Session, unsaid: Unsaid, lease: float) -> None:
    changed = session.run(
        "UPDATE outbox SET until = ?, expires = ?, body = ? WHERE lane = ? AND key = ? AND token = ?",
        session.steady + lease,
        session.now + UNSAID_MEMORY,
        unsaid.body,
        unsaid.lane,
        unsaid.key,
        unsaid.token,
    )
    if not changed.rowcount:
        raise LeaseLost(f"unsaid {unsaid.key}")


def _left(session: Session, lane: str) -> list[Unsaid]:
    rows = session.all(_LEFT, lane, session.steady, session.now)
    return [Unsaid(lane, key, PersonId(person), body, token) for key, person, body, token in rows]


def _take(session: Session, lane: str, lease: float) -> tuple[Unsaid, ...]:
    taken = tuple(replace(unsaid, token=session.token_above(unsaid.token)) for unsaid in _left(session, lane))
    for unsaid in taken:
        session.run(
            "UPDATE outbox SET token = ?, until = ? WHERE lane = ? AND key = ?",
            unsaid.token,
            session.steady + lease,
            lane,
            unsaid.key,
        )
    return taken


def forget_unsaid(session: Session) -> int:
    return session.run("DELETE FROM outbox WHERE expires <= ?", session.now).rowcount

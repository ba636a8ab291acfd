"""Purses and what is reserved of them, in an SQLite file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from core.domain import Record
from core.domain_limits import LONGEST_HELD, Drawn, Grant, Purse, Unit
from core.stores.purses import PURSE_MEMORY, PURSE_RECORD, PURSE_ROW, SETTLED_MEMORY, PurseRow
from core.stores.sqlite.database import Database, Session

_AT_ONCE = 1_000  # so that a sweep never keeps the writer long


class SqlitePurses:
    _database: Database

    async def reserve(
        self, key: str, purses: Sequence[Purse], least: int, most: int, seconds: float = LONGEST_HELD
    ) -> Grant:
        return await self._database.write(lambda session: _reserve(session, key, purses, (least, most), seconds))

    async def prolong(self, key: str, seconds: float) -> bool:
        return await self._database.write(lambda session: _prolong(session, key, seconds))

    async def settle(self, key: str, purses: Sequence[Purse], used: Mapping[Unit, int]) -> None:
        await self._database.write(lambda session: _settle(session, key, purses, used))

    async def release(self, key: str) -> None:
        await self._database.write(lambda session: _give_back(session, key))

    async def drawn(self, names: Sequence[str]) -> tuple[Drawn, ...]:
        return await self._database.read(lambda session: tuple(_drawn(session, name) for name in names))


def _reserve(session: Session, key: str, purses: Sequence[Purse], bounds: tuple[int, int], seconds: float) -> Grant:
    _lapse(session)
    least, most = bounds
    own = dict(_reserved(session, key))
    allowed = []
    for purse in purses:
        drawn = _drawn(session, purse.name)
        allowed.append(purse.allows(purse.limit - drawn.spent - drawn.held + own.get(purse.name, 0), most))
    granted = min(allowed, default=most)
    if granted < least:
        short = allowed.index(granted)
        name = purses[short].name
        return Grant(short=short, open=_drawn(session, name).held > own.get(name, 0))
    _give_back(session, key)
    taken = {purse.name: purse.fixed + granted * purse.each for purse in purses}
    for purse in purses:
        _change(session, purse.name, purse.until, (0, taken[purse.name]))
    session.run(
        "INSERT OR REPLACE INTO reservations VALUES (?, ?, ?)", key, json.dumps(taken), session.steady + seconds
    )
    return Grant(granted)


def _prolong(session: Session, key: str, seconds: float) -> bool:
    until = session.steady + seconds
    changed = session.run("UPDATE reservations SET until = ? WHERE key = ? AND body IS NOT NULL", until, key)
    return bool(changed.rowcount)


def _settle(session: Session, key: str, purses: Sequence[Purse], used: Mapping[Unit, int]) -> None:
    """The purses of the reservation are charged: an answer that goes on past midnight is one of the day before."""
    if session.one("SELECT 1 FROM reservations WHERE key = ? AND body IS NULL", key):
        return
    reserved = _reserved(session, key)
    _give_back(session, key)
    until = {purse.name: purse.until for purse in purses}
    for name in dict(reserved) or until:
        spent = used.get(Unit(name.partition(" ")[0]), 0)
        _change(session, name, until.get(name, session.now), (spent, 0))
    session.run("INSERT OR REPLACE INTO reservations VALUES (?, NULL, ?)", key, session.now + SETTLED_MEMORY)


def _lapse(session: Session) -> None:
    """Who reserved these is gone for good."""
    for (key,) in session.all("SELECT key FROM reservations WHERE body IS NOT NULL AND until <= ?", session.steady):
        _give_back(session, key)


def _give_back(session: Session, key: str) -> None:
    for name, amount in _reserved(session, key):
        session.run("UPDATE purses SET held = held - ? WHERE name = ?", amount, name)
    session.run("DELETE FROM reservations WHERE key = ? AND body IS NOT NULL", key)


def _reserved(session: Session, key: str) -> Iterable[tuple[str, int]]:
    body = session.value("SELECT body FROM reservations WHERE key = ?", key)
    return tuple(json.loads(body).items()) if body else ()


def _drawn(session: Session, name: str) -> Drawn:
    return Drawn(*(session.one("SELECT spent, held FROM purses WHERE name = ?", name) or ()))


def _change(session: Session, name: str, until: float, by: tuple[int, int]) -> None:
    session.run(
        """INSERT INTO purses (name, until, spent, held) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE
        SET spent = spent + excluded.spent, held = held + excluded.held, until = MAX(until, excluded.until)""",
        name,
        until,
        *by,
    )


def read_purse(session: Session, seq: int) -> Record:
    row = PurseRow(*session.one("SELECT name, spent, until FROM purses WHERE seq = ?", seq))
    return Record(PURSE_RECORD, row.name, PURSE_ROW.encode(row))


def write_purse(session: Session, value: str) -> None:
    row = PURSE_ROW.decode(value)
    session.run(
        """INSERT INTO purses (name, until, spent, held) VALUES (?, ?, ?, 0) ON CONFLICT (name) DO UPDATE
        SET spent = MAX(spent, excluded.spent), until = MAX(until, excluded.until)""",
        row.name,
        row.until,
        row.spent,
    )


def forget_purses(session: Session) -> int:
    """Those of periods that are over for a while, and the memory of what was settled long ago."""
    old = (session.now - PURSE_MEMORY, _AT_ONCE)
    rows = session.run("DELETE FROM purses WHERE seq IN (SELECT seq FROM purses WHERE until <= ? LIMIT ?)", *old)
    gone = (session.now, _AT_ONCE)
    keys = session.run(
        """DELETE FROM reservations WHERE key IN
        (SELECT key FROM reservations WHERE body IS NULL AND until <= ? LIMIT ?)""",
        *gone,
    )
    return rows.rowcount + keys.rowcount

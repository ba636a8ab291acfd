"""Purses and what is reserved of them. What each step changes stands in the Lua file of its name.

All purses lie in one partition, since what everybody shares is in every reservation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from core.domain import Record
from core.domain_limits import LONGEST_HELD, Drawn, Grant, Purse, Unit
from core.stores.purses import PURSE_MEMORY, PURSE_RECORD, PURSE_ROW, SETTLED_MEMORY, PurseRow
from core.stores.redis.database import Database
from core.stores.redis.scripts import Argument, Call

HOME = "purses"
"""What the partition of the purses is that of."""


class RedisPurses:
    _database: Database

    async def reserve(
        self, key: str, purses: Sequence[Purse], least: int, most: int, seconds: float = LONGEST_HELD
    ) -> Grant:
        until = self._database.time.now() + seconds
        wanted: list[Argument] = []
        for purse in purses:
            wanted += [purse.name, purse.limit, _forgotten(purse.until), purse.fixed, purse.each]
        tokens, short, is_open = await self._database.run("reserve", HOME, key, least, most, until, *wanted)
        return Grant(tokens) if not short else Grant(short=short - 1, open=bool(is_open))

    async def prolong(self, key: str, seconds: float) -> bool:
        return bool(await self._database.run("prolong", HOME, key, self._database.time.now() + seconds))

    async def settle(self, key: str, purses: Sequence[Purse], used: Mapping[Unit, int]) -> None:
        amounts = json.dumps({unit.value: used.get(unit, 0) for unit in Unit})
        known: list[Argument] = []
        for purse in purses:
            known += [purse.name, _forgotten(purse.until)]
        await self._database.run("settle", HOME, key, amounts, SETTLED_MEMORY, *known)

    async def release(self, key: str) -> None:
        await self._database.run("release", HOME, key)

    async def drawn(self, names: Sequence[str]) -> tuple[Drawn, ...]:
        found: list[tuple[int, int]] = await self._database.run("drawn", HOME, *names)
        return tuple(Drawn(spent, held) for spent, held in found)


async def sweep_purses(database: Database) -> int:
    """Forgets the purses of periods that are over for a while; returns how many."""
    rows: int = await database.run("sweep_purses", HOME)
    return rows


def record_of(name: str, spent: str, forgotten: str) -> Record:
    row = PurseRow(name, int(spent), float(forgotten) - PURSE_MEMORY)
    return Record(PURSE_RECORD, name, PURSE_ROW.encode(row))


def filling(database: Database, text: str) -> Call:
    """The step that writes the purse of a record."""
    row = PURSE_ROW.decode(text)
    return database.call("load_purse", database.partition(HOME), row.name, row.spent, _forgotten(row.until))


def _forgotten(until: float) -> float:
    return until + PURSE_MEMORY

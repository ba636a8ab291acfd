"""Tallies, and who asked when. What each step changes stands in the Lua file of its name.

All of them lie in one partition. `tallies` is a hash of numbers, whose fields are the day, what is counted and the model;
`tallied` orders those by day; `seen:user` and `seen:chat` order names by the last day on which they asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from core.domain import Record, Usage
from core.domain_limits import Tally, Whose, day_of
from core.stores.codec import record_key, storable
from core.stores.redis.database import Database
from core.stores.redis.scripts import Argument, Call
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

HOME = "tallies"
"""What the partition of the tallies is that of."""
SEEN = (Whose.USER, Whose.CHAT)


class RedisTallies:
    _database: Database

    async def count(self, tally: Tally, asked: Mapping[Whose, str]) -> None:
        names = [word for whose, name in asked.items() for word in (whose, name)]
        await self._database.link.run(_counting(self._database, tally, "add", *names))

    async def tallies(self, since: str) -> tuple[Tally, ...]:
        return tuple(tally for tally in await _read(self._database) if tally.day >= since)

    async def seen(self, whose: Whose, since: str) -> int:
        key = seen_key(self._database, whose)
        return int(await self._database.link.execute("ZCOUNT", key, str(_number(since)), "+inf"))


def seen_key(database: Database, whose: Whose) -> str:
    return f"{database.partition(HOME)}:seen:{whose}"


async def tally_records(database: Database) -> list[Record]:
    return [
        Record(TALLY_RECORD, record_key(tally.day, tally.model), TALLY_ROW.encode(tally))
        for tally in await _read(database)
    ]


def seen_record(whose: Whose, name: str, number: str) -> Record:
    digits = f"{int(float(number))}"
    row = SeenRow(whose, name, f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    return Record(SEEN_RECORD, f"{whose} {name}", SEEN_ROW.encode(row))


def tallying(database: Database, text: str) -> Call:
    """The step that writes the tally of a record."""
    return _counting(database, TALLY_ROW.decode(text), "set")


def seeing(database: Database, text: str) -> Call:
    """The step that writes who was seen, of a record."""
    row = SEEN_ROW.decode(text)
    return database.call("see", database.partition(HOME), row.whose, _number(row.day), row.name)


def _counting(database: Database, tally: Tally, how: str, *names: str) -> Call:
    """*how*: ``add`` to what is there, or ``set``."""
    now = database.clock.now()
    forgotten = (_number(day_of(now - days * DAY)) for days in (TALLY_MEMORY, SEEN_MEMORY))
    numbers: list[Argument] = [word for field, number in _numbers(tally).items() for word in (field, number)]
    partition, where = database.partition(HOME), (tally.day, storable(tally.model))
    return database.call(
        "tally", partition, how, *where, _number(tally.day), *forgotten, len(numbers), *numbers, *names
    )


def _numbers(tally: Tally) -> dict[str, int]:
    used = {field: number for field, number in asdict(tally.usage).items() if number is not None}
    return {"answers": tally.answers, "failures": tally.failures, **used}


async def _read(database: Database) -> list[Tally]:
    known = await database.link.execute("HGETALL", f"{database.partition(HOME)}:tallies")
    found: dict[tuple[str, str], dict[str, int]] = {}
    for name, number in known.items():
        day, field, model = name.split(" ", 2)
        found.setdefault((day, model), {})[field] = int(number)
    return [_tally(day, model, numbers) for (day, model), numbers in sorted(found.items())]


def _tally(day: str, model: str, numbers: dict[str, int]) -> Tally:
    answers, failures = numbers.pop("answers", 0), numbers.pop("failures", 0)
    return Tally(day, model, Usage(**{"calls": 0, **numbers}), answers, failures)


def _number(day: str) -> int:
    """A day by which Redis can order."""
    return int(day.replace("-", ""))

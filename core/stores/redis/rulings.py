"""What admins have said of people and places: one hash, of which each field is a subject."""

from __future__ import annotations

from core.domain import Record
from core.domain_limits import Ruling
from core.stores.codec import storable
from core.stores.redis.database import PREFIX, Database
from core.stores.redis.link import Link
from core.stores.rulings import RULING_RECORD, RULING_ROW, RulingRow

RULINGS = f"{PREFIX}:rulings"


class RedisRulings:
    _database: Database

    async def rule(self, subject: str, ruling: Ruling | None) -> None:
        if ruling is None:
            await self._database.link.execute("HDEL", RULINGS, storable(subject))
        else:
            await put_ruling(self._database.link, RulingRow(subject, ruling))

    async def rulings(self) -> dict[str, Ruling]:
        return await _read(self._database.link)


async def put_ruling(link: Link, row: RulingRow) -> None:
    await link.execute("HSET", RULINGS, storable(row.subject), row.ruling)


async def forget_grant(link: Link, subject: str) -> int:
    """What an admin allowed *subject*; a block stays. How many there were."""
    if await link.execute("HGET", RULINGS, storable(subject)) != Ruling.ALLOWED:
        return 0
    return int(await link.execute("HDEL", RULINGS, storable(subject)))


async def ruling_records(link: Link) -> list[Record]:
    rows = [RulingRow(subject, ruling) for subject, ruling in sorted((await _read(link)).items())]
    return [Record(RULING_RECORD, row.subject, RULING_ROW.encode(row)) for row in rows]


async def _read(link: Link) -> dict[str, Ruling]:
    return {subject: Ruling(ruling) for subject, ruling in (await link.execute("HGETALL", RULINGS)).items()}

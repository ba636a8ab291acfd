"""Token buckets that nobody can owe anything. What each step does stands in the Lua file of its name.

All of them lie in the partition of the purses, so that one step can take of several."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain_limits import Delay, Pace
from core.stores.purses import ADMITTED_MEMORY
from core.stores.redis.database import Database
from core.stores.redis.purses import HOME
from core.stores.redis.scripts import Argument


class RedisPaces:
    _database: Database

    async def admit(self, key: str, paces: Sequence[Pace]) -> Delay | None:
        short, seconds = await self._database.run("admit", HOME, key, ADMITTED_MEMORY, *_told(paces))
        return Delay(short - 1, float(seconds)) if short else None

    async def levels(self, paces: Sequence[Pace]) -> tuple[float, ...]:
        found: list[bytes] = await self._database.run("levels", HOME, *_told(paces))
        return tuple(map(float, found))


def _told(paces: Sequence[Pace]) -> list[Argument]:
    return [argument for pace in paces for argument in (pace.name, pace.per_second, pace.burst)]

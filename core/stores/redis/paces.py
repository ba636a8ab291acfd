"""Token buckets that nobody can owe anything. What the step changes stands in `lua/admit.lua`.

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
        wanted: list[Argument] = []
        for pace in paces:
            wanted += [pace.name, pace.per_second, pace.burst]
        short, seconds = await self._database.run("admit", HOME, key, ADMITTED_MEMORY, *wanted)
        return Delay(short - 1, float(seconds)) if short else None

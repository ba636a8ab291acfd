"""`core.ports_sharing.Outbox`. What each step changes stands in the Lua file of its name."""

from __future__ import annotations

from dataclasses import replace

from core.domain import PersonId
from core.domain_sharing import Unsaid
from core.errors import LeaseLost
from core.stores.codec import UNSAID_MEMORY
from core.stores.redis.database import Database


class RedisOutbox:
    _database: Database

    async def owe(self, unsaid: Unsaid, lease: float) -> Unsaid:
        written = (unsaid.lane, unsaid.key, unsaid.person, unsaid.body, *self._times(lease))
        return replace(unsaid, token=int(await self._database.run("owe", unsaid.lane, *written)))

    async def renew_unsaid(self, unsaid: Unsaid, lease: float) -> None:
        written = (unsaid.lane, unsaid.key, unsaid.token, unsaid.body, *self._times(lease))
        if not await self._database.run("renew_unsaid", unsaid.lane, *written):
            raise LeaseLost(f"unsaid {unsaid.key}")

    async def take_unsaid(self, lane: str, lease: float) -> tuple[Unsaid, ...]:
        rows = await self._database.run("take_unsaid", lane, lane, self._times(lease)[0])
        return tuple(Unsaid(lane, key, PersonId(person), body, int(token)) for key, person, body, token in rows)

    async def said(self, unsaid: Unsaid) -> None:
        await self._database.run("said", unsaid.lane, unsaid.lane, unsaid.key, unsaid.token)

    def _times(self, lease: float) -> tuple[float, float]:
        """When it is anybody's, and when it is forgotten."""
        return self._database.time.now() + lease, self._database.clock.now() + UNSAID_MEMORY

"""Who waits for a place and who has one. What the step changes stands in `lua/stand.lua`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from core.domain_limits import Queue
from core.stores.redis.database import Database


class RedisPlaces:
    _database: Database

    async def stand(
        self, queue: Queue, waiting: Mapping[str, float], inside: Collection[str], gone: Collection[str]
    ) -> Mapping[str, int]:
        since = {key: repr(moment) for key, moment in waiting.items()}  # as text: Lua would round it
        said = json.dumps({"waiting": since, "inside": [*inside], "gone": [*gone]})
        now = self._database.time.now()
        until = (now + queue.word, now + queue.lease, queue.lease)
        found = await self._database.run("stand", queue.name, queue.name, queue.most, *until, said)
        return dict(zip(found[::2], found[1::2], strict=True))

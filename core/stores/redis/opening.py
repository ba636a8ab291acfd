"""Opening the store in Redis, in all of its forms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.ports import Clock, Store
from core.stores.options import StoreOptions
from core.stores.redis.address import parse_address
from core.stores.redis.connecting import open_link
from core.stores.redis.database import Database
from core.stores.redis.health import prepare
from core.stores.redis.history import RedisHistory
from core.stores.redis.inbox import RedisInbox
from core.stores.redis.sharing import RedisSharing
from core.stores.redis.upkeep import RedisUpkeep
from core.stores.redis.wake import Wake


class RedisStore(RedisInbox, RedisHistory, RedisSharing, RedisUpkeep):
    """`core.ports.Store` over Redis 6.2 or newer, or Valkey."""

    def __init__(self, database: Database, wake: Wake) -> None:
        self._database = database
        self._wake = wake


@asynccontextmanager
async def open_redis(url: str, clock: Clock, options: StoreOptions) -> AsyncIterator[Store]:
    """Takes ``redis://``, ``redis+sentinel://`` and ``redis+cluster://``, with ``rediss`` for TLS. Raises ConfigError
    for another address, StoreUnavailable while the server is away, StoreError for one that cannot be used."""
    address = parse_address(url)
    link = open_link(address, options)
    try:
        database = Database(link, clock, options, await prepare(link, address.kind))
        async with Wake(link, clock) as wake:
            yield RedisStore(database, wake)
    finally:
        await link.aclose()

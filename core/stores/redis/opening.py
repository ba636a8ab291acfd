"""Opening the store in Redis, in all of its forms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from core.ports import Clock, Store
from core.stores.options import StoreOptions
from core.stores.redis.address import parse_address
from core.stores.redis.bundle import Bundle
from core.stores.redis.connecting import open_link
from core.stores.redis.database import Database
from core.stores.redis.feeds import RedisFeeds, Tails
from core.stores.redis.health import examine, prepare
from core.stores.redis.history import RedisHistory
from core.stores.redis.inbox import RedisInbox
from core.stores.redis.listening import Listener
from core.stores.redis.outbox import RedisOutbox
from core.stores.redis.paces import RedisPaces
from core.stores.redis.people import RedisPeople
from core.stores.redis.places import RedisPlaces
from core.stores.redis.purses import RedisPurses
from core.stores.redis.receipts import RedisReceipts
from core.stores.redis.rulings import RedisRulings
from core.stores.redis.sharing import RedisSharing
from core.stores.redis.shelf import RedisShelf
from core.stores.redis.tallies import RedisTallies
from core.stores.redis.upkeep import RedisUpkeep
from core.stores.redis.wake import CHANNEL, Wake


class RedisStore(
    RedisInbox,
    RedisHistory,
    RedisSharing,
    RedisFeeds,
    RedisShelf,
    RedisReceipts,
    RedisOutbox,
    RedisPurses,
    RedisPaces,
    RedisPeople,
    RedisRulings,
    RedisTallies,
    RedisPlaces,
    RedisUpkeep,
):
    """`core.ports.Store` over Redis 6.2 or newer, or Valkey."""

    def __init__(self, database: Database, wake: Wake, tails: Tails, bundle: Bundle) -> None:
        self._database = database
        self._wake = wake
        self._tails = tails
        self._bundle = bundle


@asynccontextmanager
async def open_redis(url: str, clock: Clock, options: StoreOptions) -> AsyncIterator[Store]:
    """Takes ``redis://``, ``redis+sentinel://`` and ``redis+cluster://``, with ``rediss`` for TLS. Raises ConfigError
    for another address, StoreUnavailable while the server is away, StoreError for one that cannot be used."""
    address = parse_address(url)
    link = open_link(address, options)
    try:
        look = examine if options.read_only else prepare
        database = Database(link, clock, options, await look(link, address.kind))
        wake = Wake(clock, database.time)
        if not options.read_only:
            await database.time.keep()
        async with (
            aclosing(Bundle(link)) as bundle,
            Listener(link, clock, CHANNEL, wake) as listener,
            Tails(database, listener) as tails,
        ):
            yield RedisStore(database, wake, tails, bundle)
    finally:
        await link.aclose()

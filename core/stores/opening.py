"""Opening a store by its address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from core.errors import ConfigError
from core.ports import Clock, Store
from core.stores.options import StoreOptions
from core.stores.redis.opening import open_redis
from core.stores.sealed import sealed
from core.stores.sqlite.opening import open_sqlite

_OPENERS = {
    "sqlite": open_sqlite,
    "redis": open_redis,
    "rediss": open_redis,
    "redis+cluster": open_redis,
    "rediss+cluster": open_redis,
    "redis+sentinel": open_redis,
    "rediss+sentinel": open_redis,
}
_DEFAULTS = StoreOptions()


def open_store(url: str, clock: Clock, options: StoreOptions = _DEFAULTS) -> AbstractAsyncContextManager[Store]:
    """The store at *url*, closed when the block is left. Raises ConfigError for an address that is none, StoreError
    when entering for a store that cannot be used, also for want of its keys; neither names a password."""
    scheme, colon, _ = url.partition(":")
    opener = _OPENERS.get(scheme) if colon else None
    if opener is None:
        raise ConfigError(f"store: the address must begin with one of {', '.join(f'{name}://' for name in _OPENERS)}")
    return _readable(opener(url, clock, options), options)


@asynccontextmanager
async def _readable(opening: AbstractAsyncContextManager[Store], options: StoreOptions) -> AsyncIterator[Store]:
    async with opening as store:
        yield store if options.keys is None else await sealed(store, options.keys, read_only=options.read_only)

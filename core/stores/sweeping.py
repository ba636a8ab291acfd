"""What has expired in a store is deleted while the process runs."""

from __future__ import annotations

import structlog

from core.errors import StoreError
from core.ports import Clock, Store

log = structlog.get_logger(__name__)

SELDOM = 3600.0
"""Seconds between two sweeps at most."""
SHARE = 0.1
"""Of `history.ttl`: nothing is kept longer than it by more than that."""


async def keep_swept(store: Store, clock: Clock, history_ttl: float | None) -> None:
    """Runs until it is cancelled. history_ttl: in seconds; None: for ever."""
    pause = SELDOM if history_ttl is None else min(SELDOM, history_ttl * SHARE)
    while True:
        try:
            await store.sweep()
        except StoreError as problem:
            log.warning("store.not_swept", detail=str(problem))
        await clock.sleep(pause)

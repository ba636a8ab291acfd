"""The time by which everybody on a store waits: for leases, postponed turns, buckets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from core.clock import SteadyTime
from core.errors import StoreError
from core.ports import Clock

AGREE = 10.0
"""Seconds after which a process asks the store again how far the others have come."""


class SharedTime(SteadyTime):
    """Never goes back, in whatever process: one that begins with a clock that was set back goes on from where the others
    are. *agree* tells the store a moment, and gives the latest that it was told; raises StoreError."""

    def __init__(self, clock: Clock, agree: Callable[[float], Awaitable[float]]) -> None:
        super().__init__(clock)
        self._agree = agree
        self._agreed: float | None = None

    async def keep(self) -> None:
        """Asks, if that is due. A store that cannot tell is asked again the next time; until then our own time holds."""
        now = self.now()
        if self._agreed is not None and now < self._agreed + AGREE:
            return
        with suppress(StoreError):
            self.at_least(await self._agree(now))
            self._agreed = self.now()

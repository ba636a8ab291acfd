"""What a process says of itself to those who run it."""

from __future__ import annotations

from core.domain import InboxDepth
from core.errors import StoreError
from core.ports import Clock, Inbox
from core.telemetry.metrics import Metrics
from core.watching import Exposition

PATIENCE = 2.0
"""Seconds that the store may take to say how it is; who asks gives up after a few."""


class ProcessVitals:
    """`core.watching.Vitals`."""

    def __init__(self, inbox: Inbox, metrics: Metrics, clock: Clock) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._clock = clock
        self.draining = False

    def drain(self) -> None:
        """The process is to be given no more work from now on."""
        self.draining = True

    async def ready(self) -> bool:
        return not self.draining and await self._depth() is not None

    async def metrics(self) -> Exposition:
        return self._metrics.exposition(await self._depth(), self._clock.now())

    async def _depth(self) -> InboxDepth | None:
        """None while the store is away."""
        try:
            async with self._clock.watchdog(PATIENCE):
                return await self._inbox.depth()
        except (StoreError, TimeoutError):
            return None

"""What a process says of itself to those who run it."""

from __future__ import annotations

import structlog

from core.domain import InboxDepth
from core.errors import StoreError
from core.ports import Clock, Store
from core.telemetry.metrics import Metrics
from core.watching import Exposition

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds that the store may take to say how it is; who asks gives up after a few."""
LOOK = 10.0
"""Seconds between two looks at the machine's clock."""
JUMP = 5.0
"""Seconds by which it may part from the time that has passed: NTP corrects less than that without setting it."""


class ProcessVitals:
    """`core.watching.Vitals`."""

    def __init__(self, store: Store, metrics: Metrics, clock: Clock) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self.draining = False

    def drain(self) -> None:
        """The process is to be given no more work from now on."""
        self.draining = True

    async def ready(self) -> bool:
        return not self.draining and await self._depth() is not None

    async def metrics(self) -> Exposition:
        depth = await self._depth()
        self._metrics.kept(None if depth is None else await self._keeps())
        return self._metrics.exposition(depth, self._clock.now())

    async def _keeps(self) -> bool:
        """Whether the store takes what is new: one on a full disk can still be read."""
        try:
            async with self._clock.watchdog(PATIENCE):
                await self._store.probe()
        except (StoreError, TimeoutError):
            return False
        return True

    async def _depth(self) -> InboxDepth | None:
        """None while the store is away."""
        try:
            async with self._clock.watchdog(PATIENCE):
                return await self._store.depth()
        except (StoreError, TimeoutError):
            return None


async def tell_of_jumps(clock: Clock) -> None:
    """Until it is cancelled: a line of the log when somebody has set the machine's clock, with the seconds it went forward."""
    ahead = clock.now() - clock.monotonic()
    while True:
        await clock.sleep(LOOK)
        jump = clock.now() - clock.monotonic() - ahead
        if abs(jump) > JUMP:
            log.warning("clock.set", seconds=round(jump))
            ahead += jump

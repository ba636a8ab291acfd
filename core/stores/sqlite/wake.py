"""How a waiting worker hears of changes: at once within the process, within POLL from other processes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from core.errors import StoreError
from core.stores.sqlite import turns
from core.stores.sqlite.database import Database

POLL = 0.1  # seconds


class Wake:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = asyncio.Event()
        self._changes = 0
        self._told = 0
        self._version: int | None = None
        self._looked_at = database.time.now()

    def changed(self) -> None:
        """Something in this process made a turn claimable or asked one to stop."""
        self._changes += 1
        self._next.set()
        self._next = asyncio.Event()

    def looked(self) -> None:
        """A worker is looking for a turn now: what was claimable before is no news any more."""
        self._looked_at = self._database.time.now()

    async def wait(self, seconds: float) -> None:
        """Returns at the next change, when a turn comes due, or after *seconds*."""
        clock, told = self._database.clock, self._told
        end = clock.monotonic() + min(seconds, await self._until_next())
        while self._changes == told and (left := end - clock.monotonic()) > 0:
            with suppress(TimeoutError):
                async with clock.watchdog(min(left, POLL)):
                    await self._next.wait()
            await self._listen()
        self._told = self._changes
        self.looked()

    async def _until_next(self) -> float:
        """Seconds until a turn comes due that no worker has looked for yet."""
        after = self._looked_at
        with suppress(StoreError):
            if (ready := await self._database.read(lambda session: turns.next_ready(session, after))) is not None:
                return max(0.0, ready - self._database.time.now())
        return float("inf")

    async def _listen(self) -> None:
        with suppress(StoreError):
            version = await self._database.version()
            if version != self._version:
                self._version = version
                self.changed()

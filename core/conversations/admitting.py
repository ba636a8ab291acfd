"""Who may, as it is configured and as admins have said since, in whatever process."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import inf

import structlog

from core.conversations.access import Access
from core.domain import Incoming
from core.domain_limits import Ruling
from core.errors import NotAllowed, NotLetIn, StoreError
from core.limits.repeats import Repeats
from core.ports import Clock
from core.ports_limits import Rulings

log = structlog.get_logger(__name__)

FRESH = 1.0
"""Seconds for which what was read is believed: a block holds in other processes after so long."""


class Admission:
    """Reads what admins have said when somebody wants something, and at most once a second."""

    def __init__(self, rulings: Rulings, clock: Clock, access: Access) -> None:
        self._rulings = rulings
        self._clock = clock
        self._access = access
        self._read_at = -inf
        self._outage = Repeats()
        self._reading = asyncio.Lock()

    def configure(self, access: Access) -> None:
        """Besides what admins have said, which stays."""
        self._access = replace(access, rulings=self._access.rulings)

    @property
    def configured(self) -> Access:
        """With what was last read."""
        return self._access

    async def access(self) -> Access:
        """As it is now. While the store is away, as it was."""
        async with self._reading:
            if self._clock.monotonic() - self._read_at >= FRESH:
                await self._read()
        return self._access

    async def admit(self, incoming: Incoming) -> Access:
        """As it is now. Raises NotAllowed for who may not talk to the bot there; NotLetIn where nobody has blocked them."""
        access = await self.access()
        if access.blocks(incoming):
            raise NotAllowed
        if not access.allows(incoming):
            raise NotLetIn(id=incoming.sender.id)
        return access

    async def rule(self, subject: str, ruling: Ruling | None) -> None:
        """As `Rulings` has it. Holds here at once. Raises StoreError."""
        await self._rulings.rule(subject, ruling)
        self._read_at = -inf

    async def _read(self) -> None:
        self._read_at = self._clock.monotonic()
        try:
            rulings = await self._rulings.rulings()
        except StoreError as problem:
            # Who waited meanwhile does not find out the same, one after the other.
            self._read_at = self._clock.monotonic()
            self._outage.warn(log, "rulings.not_read", detail=str(problem))
        else:
            self._outage.over()
            self._access = replace(self._access, rulings=rulings)  # which may have been configured anew meanwhile

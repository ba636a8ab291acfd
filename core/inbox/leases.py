"""Holding a turn: renewing its lease, and noticing when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from core.domain import Ref, Turn
from core.errors import LeaseLost, StoreError
from core.ports import Clock, Inbox
from core.tasks import cancelled

log = structlog.get_logger(__name__)

RENEWALS = 3
"""How often a lease is renewed within its length."""
SAFE = 0.9
"""The share of a lease in which its holder writes. The rest is for clocks that do not run alike."""


@dataclass(frozen=True, slots=True)
class Lease:
    """*seconds* that began no later than *since* (monotonic), when the store was asked for them."""

    seconds: float
    since: float


class Hold:
    """``async with Hold(…)``: the turn is held until the block ends. `Claim` for the reply that writes under it.

    The block is left with LeaseLost as soon as the store says that somebody else holds the turn, or when the lease may
    have lapsed by our own clock because this process was paused; with the store's own error when it lapsed because the
    store could not be reached.
    """

    def __init__(self, inbox: Inbox, turn: Turn, lease: Lease, clock: Clock, on_stop: Callable[[], None]) -> None:
        self._inbox = inbox
        self._turn = turn
        self._lease = lease.seconds
        self._clock = clock
        self._on_stop = on_stop
        self._until = lease.since + SAFE * lease.seconds
        self._scope = clock.watchdog(None)
        self._lost = False
        self._cut_off: StoreError | None = None

    async def __aenter__(self) -> Self:
        await self._scope.__aenter__()
        self._renewing = asyncio.create_task(self._renew(), name=f"lease {self._turn.id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(self._renewing)
        try:
            await self._scope.__aexit__(kind, error, trace)
        except TimeoutError:
            raise self._cut_off or LeaseLost(self._turn.id) from error
        if self._lost and kind is None:
            raise self._cut_off or LeaseLost(self._turn.id)

    def check(self) -> None:
        if self._lost or self._clock.monotonic() >= self._until:
            raise LeaseLost(self._turn.id)

    def release(self) -> None:
        """The turn is about to be ended under this claim. A lease that nobody renews any more is not found lost."""
        self._renewing.cancel()

    async def remember(self, ref: Ref) -> None:
        await self._inbox.remember(self._turn, ref)

    async def forget(self, ref: Ref) -> None:
        await self._inbox.forget(self._turn, ref)

    async def _renew(self) -> None:
        while not self._lost:
            # Who cannot renew it leaves while it still holds: so the turn is given back before others find it lapsed.
            await self._clock.sleep(min(self._lease / RENEWALS, self._until - self._clock.monotonic()))
            started = self._clock.monotonic()
            try:
                self.check()
                if await self._inbox.renew(self._turn, self._lease):
                    self._on_stop()
                self._until = started + SAFE * self._lease
                self._cut_off = None
            except StoreError as problem:
                self._cut_off = problem
                log.warning("lease.not_renewed", turn=self._turn.id)
            except LeaseLost:
                log.warning("lease.lost", turn=self._turn.id)
                self._lost = True
                self._scope.bite()

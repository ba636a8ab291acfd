"""What people are to be told besides answers, such as the reply to a command: should the process that owes it end first,
another one, or the next, says what is left of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import structlog

from bots.shared.patience import Patience
from core.domain import Incoming
from core.domain_sharing import Unsaid
from core.errors import LeaseLost, StoreError
from core.ports import Clock
from core.ports_sharing import Outbox
from core.tasks import cancelled

log = structlog.get_logger(__name__)

RENEWALS = 3
"""How often the lease is renewed within its length."""


class Debt:
    """``async with debt``: what is said in the block is said by this process alone; a block that is cancelled leaves what it
    did not get to. Without *unsaid* nothing is kept: it could not be, or is not to be. since: before the store was asked for
    the lease (monotonic)."""

    def __init__(self, debts: Debts, unsaid: Unsaid | None, since: float) -> None:
        self._debts = debts
        self._unsaid = unsaid
        self._is_mine = True
        self._until = since + debts.lease
        self._due = -math.inf
        self._renewing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._holding = asyncio.create_task(self._hold(), name="owing")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(self._holding)
        if self._unsaid is None or not self._is_mine:
            return
        if kind is asyncio.CancelledError and self._unsaid.body:
            with suppress(StoreError, LeaseLost):
                await self._debts.outbox.renew_unsaid(self._unsaid, max(0.0, self._due - self._debts.clock.monotonic()))
            log.info("reply.left", lane=self._unsaid.lane)
        else:
            await self._debts.settle(self._unsaid)

    @property
    def body(self) -> str:
        return self._unsaid.body if self._unsaid else ""

    def postpone(self, seconds: float) -> None:
        """The platform takes nothing for so long: whoever goes on with it need not try before."""
        self._due = self._debts.clock.monotonic() + seconds

    async def say(self, work: Callable[[], Awaitable[None]], rest: str) -> None:
        """Has *work* say the next part; *rest* is what is unsaid then, "" where that was all. Who is cancelled meanwhile waits
        for *work* to end: nobody could tell whether what was on its way has arrived. Raises LeaseLost, and says nothing,
        where another process says it by now, or the person is forgotten."""
        await self._verify()
        saying = asyncio.ensure_future(work())
        try:
            await asyncio.shield(saying)
        finally:
            await asyncio.wait({saying})
            if saying.exception() is None:
                self._unsaid = self._unsaid and replace(self._unsaid, body=rest)

    async def keep(self) -> None:
        """Notes how far it has come: another process would begin with what is still unsaid. Raises LeaseLost."""
        await self._renew()
        await self._verify()

    async def _verify(self) -> None:
        """Looks once more where the lease may be over: a process that stood still has not noticed who took it."""
        if self._debts.clock.monotonic() >= self._until:
            await self._renew()
        if not self._is_mine:
            raise LeaseLost("a reply")

    async def _hold(self) -> None:
        while self._unsaid and self._is_mine:
            await self._debts.clock.sleep(self._debts.lease / RENEWALS)
            await self._renew()

    async def _renew(self) -> None:
        async with self._renewing:  # one that takes long must not bring back what was said since
            asked = self._debts.clock.monotonic()
            try:
                if self._unsaid:
                    await self._debts.outbox.renew_unsaid(self._unsaid, self._debts.lease)
            except LeaseLost:
                self._is_mine = False
            except StoreError:
                pass  # it is said all the same
            else:
                self._until = asked + self._debts.lease


@dataclass(frozen=True, slots=True)
class Debts:
    """What is owed on one platform. lane: of its turns. lease: seconds after which another process says what a killed one
    left."""

    outbox: Outbox
    clock: Clock
    patience: Patience
    lane: str
    lease: float

    async def owe(self, incoming: Incoming, body: str) -> Debt:
        """*body*, to whoever wrote *incoming*, in the place of what was owed for the same message before."""
        since = self.clock.monotonic()
        try:
            unsaid = await self.outbox.owe(Unsaid(self.lane, incoming.event_id, incoming.sender.id, body), self.lease)
        except StoreError:
            return self.nothing()
        return Debt(self, unsaid, since)

    def nothing(self) -> Debt:
        return Debt(self, None, self.clock.monotonic())

    async def left(self) -> Sequence[Debt]:
        """What other processes, or earlier ones, did not get to."""
        since = self.clock.monotonic()
        try:
            return [Debt(self, unsaid, since) for unsaid in await self.outbox.take_unsaid(self.lane, self.lease)]
        except StoreError:
            return ()

    async def settle(self, unsaid: Unsaid) -> None:
        """All of it was said."""
        await self.patience.patiently(lambda: self.outbox.said(unsaid))

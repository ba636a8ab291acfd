"""Work that one process on a store does for all of them: for as long as it lasts, such as asking a platform what is new, or
once, such as responding to what all of them hear of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from bots.shared.patience import Patience
from core.domain_sharing import ReceiptState
from core.errors import LeaseLost, StoreError
from core.ports import Clock
from core.ports_sharing import Receipts
from core.tasks import cancelled

log = structlog.get_logger(__name__)

LOOK = 1.0
"""Seconds between two looks whether the work is free."""
SOON = 1.0
"""Seconds that the store may take to say who was first: who waits for 3 is shown by the platform that it failed."""
DAY = 86_400.0
"""Seconds for which it is known who was first: longer than any platform tells of the same thing again."""
RENEWALS = 3
"""How often the lease is renewed within its length."""


@dataclass(frozen=True, slots=True)
class Alone:
    """name: of the work, the same in every process. lease: seconds after which another process takes over from one that is
    gone without a word."""

    receipts: Receipts
    clock: Clock
    patience: Patience
    name: str
    lease: float

    async def run(self, work: Callable[[], Awaitable[None]], meanwhile: Callable[[], Awaitable[None]]) -> None:
        """Does *work* while no other process does: waits until it is free, and waits again where it was lost to another one.
        Returns when *work* ends, and raises what it does; then, or when this is cancelled, the next process takes over at
        once. *meanwhile* runs while the store does not say whose the work is, and is cancelled when it does; what it raises
        is dropped."""
        while True:
            token = await self._turn(meanwhile)
            log.info("work.begun", work=self.name)
            tasks = [asyncio.ensure_future(work()), asyncio.create_task(self._hold(token), name=f"holding {self.name}")]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:  # the work first: until it has ended, nobody else is to begin it
                    await cancelled(task)
                with suppress(StoreError, LeaseLost):
                    await self.receipts.close_receipt(self.name, token, None)
            if not tasks[0].cancelled():
                return tasks[0].result()
            log.warning("work.lost", work=self.name)

    async def _turn(self, meanwhile: Callable[[], Awaitable[None]]) -> int:
        """Waits until the work is this process's; the token that says so."""
        aside, told = asyncio.ensure_future(meanwhile()), False
        try:
            while True:
                receipt = await self.patience.patiently(
                    lambda: self.receipts.open_receipt(self.name, self.name, self.lease)
                )
                if receipt.state is ReceiptState.FRESH:
                    return receipt.token
                await cancelled(aside)  # who has the work sees to that too
                if not told:
                    log.info("work.elsewhere", work=self.name)
                told = True
                await self.patience.sleep(LOOK)
        finally:
            await cancelled(aside)

    async def _hold(self, token: int) -> None:
        """Returns when another process may do the work by now."""
        until = self.clock.monotonic() + self.lease
        while (now := self.clock.monotonic()) < until:
            await self.clock.sleep(min(self.lease / RENEWALS, until - now))
            asked = self.clock.monotonic()
            try:
                await self.receipts.renew_receipt(self.name, token, self.lease)
            except StoreError:
                continue
            except LeaseLost:
                return
            until = asked + self.lease


async def is_first(receipts: Receipts, clock: Clock, event: str) -> bool:
    """Whether this process is the one to see to *event*, of which others hear as well. While the store is away, or does not
    say so soon, each of them is: somebody has to answer."""
    try:
        async with clock.watchdog(SOON):
            receipt = await receipts.open_receipt(f"heard:{event}", event, DAY)
    except (StoreError, TimeoutError):
        return True
    return receipt.state is ReceiptState.FRESH

"""Replies that are owed: one process says each, and what one leaves another one says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots.shared.owing import Debt, Debts
from bots.shared.patience import Patience
from core.chance import SystemChance
from core.domain import PersonId
from core.domain_sharing import Unsaid
from core.errors import LeaseLost
from core.stores.opening import open_store
from tests.contracts.making import asked
from tests.support.clock import ManualClock

LEASE = 9.0


@asynccontextmanager
async def debts(folder: Path, clock: ManualClock) -> AsyncIterator[tuple[Debts, Debts]]:
    """Those of two processes."""
    url = f"sqlite:///{folder}/parlour.db"
    async with open_store(url, clock) as one, open_store(url, clock) as two:
        patience = Patience(clock, SystemChance())
        yield Debts(one, clock, patience, "chat", LEASE), Debts(two, clock, patience, "chat", LEASE)


async def begun(debt: Debt, *, postponed: float = 0.0) -> asyncio.Task[None]:
    """Somebody who has paid nothing of it so far."""
    busy = asyncio.Event()

    async def pay() -> None:
        async with debt:
            debt.postpone(postponed)
            busy.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(pay())
    await busy.wait()
    return task


async def nothing() -> None:
    """What is said at once."""


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_who_takes_long_keeps_it(tmp_path: Path, clock: ManualClock) -> None:
    async with debts(tmp_path, clock) as (mine, yours):
        task = await begun(await mine.owe(asked("1"), "Hello"))
        for _ in range(30):
            await clock.advance(LEASE / 9)
            await mine.outbox.said(
                Unsaid("chat", "another", PersonId("chat:bob"), "")
            )  # renewed before, if it was time
            assert not await yours.left()
        await stopped(task)
        assert [debt.body for debt in await yours.left()] == ["Hello"]


async def test_what_is_left_may_wait_for_its_pause(tmp_path: Path, clock: ManualClock) -> None:
    async with debts(tmp_path, clock) as (mine, yours):
        task = await begun(await mine.owe(asked("1"), "Hello"), postponed=60.0)
        await clock.advance(20.0)
        await stopped(task)
        await clock.advance(39.0)
        assert not await yours.left()
        await clock.advance(2.0)
        assert await yours.left()


async def test_only_what_is_unsaid_is_left(tmp_path: Path, clock: ManualClock) -> None:
    async with debts(tmp_path, clock) as (mine, yours):
        debt = await mine.owe(asked("1"), "two words")
        async with debt:
            await debt.say(nothing, "words")
            await debt.keep()
            await clock.advance(0.0)
            assert not await yours.left()
            clock.leap(LEASE + 1)
            (taken,) = await yours.left()
            assert taken.body == "words"
            with pytest.raises(LeaseLost):
                await debt.keep()
        async with taken:
            pass
        clock.leap(LEASE + 1)
        assert not await mine.left()


@pytest.mark.parametrize(("rest", "left"), [("words", ["words"]), ("", [])])
async def test_what_is_on_its_way_when_a_process_ends_is_not_said_again(
    rest: str, left: list[str], tmp_path: Path, clock: ManualClock
) -> None:
    async with debts(tmp_path, clock) as (mine, yours):
        arriving, arrived = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            arriving.set()
            await arrived.wait()

        async def pay(debt: Debt) -> None:
            async with debt:
                await debt.say(work, rest)

        paying = asyncio.create_task(pay(await mine.owe(asked("1"), "two words")))
        await arriving.wait()
        paying.cancel()
        arrived.set()
        await asyncio.gather(paying, return_exceptions=True)
        clock.leap(LEASE + 1)
        assert [debt.body for debt in await yours.left()] == left


async def test_nobody_goes_on_for_who_was_forgotten(tmp_path: Path, clock: ManualClock) -> None:
    async with debts(tmp_path, clock) as (mine, _), open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        incoming = asked("1")
        async with await mine.owe(incoming, "two words") as debt:
            await debt.say(nothing, "words")
            await store.forget_person(incoming.sender.id, "gone")
            with pytest.raises(LeaseLost):
                await debt.keep()
            with pytest.raises(LeaseLost):
                await debt.say(nothing, "")


async def test_who_stood_still_looks_before_going_on(tmp_path: Path, clock: ManualClock) -> None:
    said: list[str] = []

    async def say() -> None:
        said.append("Hello")

    async with debts(tmp_path, clock) as (mine, yours), await mine.owe(asked("1"), "Hello") as debt:
        clock.leap(LEASE + 1)
        await debt.say(say, "Hello")
        assert not await yours.left()
        clock.leap(LEASE + 1)
        assert await yours.left()
        with pytest.raises(LeaseLost):
            await debt.say(say, "")
    assert said == ["Hello"]


async def test_a_lease_began_when_the_store_was_asked_for_it(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that stood still before it heard that it has one may have it no more."""
    async with debts(tmp_path, clock) as (mine, yours):
        owe = mine.outbox.owe

        async def standing_still(unsaid: Unsaid, lease: float) -> Unsaid:
            owed = await owe(unsaid, lease)
            clock.leap(LEASE + 1)
            return owed

        monkeypatch.setattr(mine.outbox, "owe", standing_still)
        async with await mine.owe(asked("1"), "Hello") as debt:
            assert await yours.left()
            with pytest.raises(LeaseLost):
                await debt.say(nothing, "")


async def test_a_renewal_that_takes_long_does_not_bring_back_what_was_said_since(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with debts(tmp_path, clock) as (mine, yours):
        renew, goes_on, bodies = mine.outbox.renew_unsaid, asyncio.Event(), list[str]()

        async def slow_at_first(unsaid: Unsaid, lease: float) -> None:
            bodies.append(unsaid.body)
            if len(bodies) == 1:
                await goes_on.wait()
            await renew(unsaid, lease)

        monkeypatch.setattr(mine.outbox, "renew_unsaid", slow_at_first)
        async with await mine.owe(asked("1"), "two words") as debt:
            await clock.advance(LEASE / 3)
            assert bodies == ["two words"]
            await debt.say(nothing, "words")
            keeping = asyncio.create_task(debt.keep())
            await clock.advance(0.0)
            goes_on.set()
            await keeping
            clock.leap(LEASE + 1)
            (taken,) = await yours.left()
            assert taken.body == "words"


async def test_what_is_not_kept_is_paid_all_the_same(tmp_path: Path, clock: ManualClock) -> None:
    async with debts(tmp_path, clock) as (mine, yours):
        async with mine.nothing() as debt:
            await debt.say(nothing, "words")
            await debt.keep()
        clock.leap(LEASE + 1)
        assert not await yours.left()

"""What limits count says nobody's name."""

from __future__ import annotations

from pathlib import Path

from core.chance import SystemChance
from core.domain import PersonId
from core.domain_limits import Delay, Drawn, Grant, Pace, Purse, Unit, Whose
from core.limits.pseudonyms import Pseudonyms, pseudonyms
from core.stores.opening import open_store
from tests.core.test_keeping_commands import kept
from tests.support.clock import ManualClock

ADA = "discord:4242424242"
MINE = Purse(f"money user {ADA} 2026-11-21", Unit.MONEY, Whose.USER, 1_000, 2e9, fixed=10)
ALL = Purse("money total all 2026-11-21", Unit.MONEY, Whose.TOTAL, 1_000, 2e9, fixed=10)


async def test_a_budget_is_spent_under_a_name_that_no_byte_tells(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock) as store:
        one, other = await pseudonyms(store, SystemChance()), await pseudonyms(store, SystemChance())
        assert await one.reserve(f"{ADA}/1", [MINE, ALL], 1, 5) == Grant(5)
        await other.settle(f"{ADA}/1", [MINE, ALL], {Unit.MONEY: 30})
        await one.reserve(f"{ADA}/2", [MINE], 1, 5)
        await other.release(f"{ADA}/2")
        assert await other.drawn([MINE.name, ALL.name]) == (Drawn(30), Drawn(30))
        assert await store.drawn([ALL.name]) == (Drawn(30),)
        await one.admit(f"{ADA}/1", [Pace(f"user {ADA}", Whose.USER, 0.1, 1.0)])
    assert ADA.encode() not in kept(tmp_path)


async def test_whoever_is_forgotten_has_spent_what_they_spent(tmp_path: Path) -> None:
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", ManualClock()) as store:
        counted = Pseudonyms(store, "a secret")
        await counted.settle("1", [MINE], {Unit.MONEY: 30})
        pace = Pace(f"user {ADA}", Whose.USER, 0.1, 1.0)
        assert await counted.admit("1", [pace]) is None
        await store.forget_person(PersonId(ADA), "")
        assert await counted.drawn([MINE.name]) == (Drawn(30),)
        assert await counted.admit("2", [pace]) == Delay(0, 10.0)

"""Rulings: what admins have said of people and places, for all processes on a store."""

from __future__ import annotations

from pathlib import Path

from core.domain_limits import Ruling
from core.ports import Store
from core.stores.copying import copy
from core.stores.opening import open_store
from tests.support.clock import ManualClock


async def test_what_was_said_last_of_somebody_holds_everywhere(store: Store, elsewhere: Store) -> None:
    assert await store.rulings() == {}
    await store.rule("x:1", Ruling.ALLOWED)
    await elsewhere.rule("x:1", Ruling.BLOCKED)
    await elsewhere.rule("x:odd\ud800", Ruling.ALLOWED)
    said = {"x:1": Ruling.BLOCKED, "x:odd\ufffd": Ruling.ALLOWED}
    assert await store.rulings() == await elsewhere.rulings() == said


async def test_what_was_said_can_be_taken_back(store: Store, elsewhere: Store) -> None:
    for subject in ("x:1", "x:2"):
        await store.rule(subject, Ruling.ALLOWED)
    for _ in range(2):
        await elsewhere.rule("x:1", None)
    assert await store.rulings() == {"x:2": Ruling.ALLOWED}


async def test_rulings_move_to_another_store_and_back(store: Store, tmp_path: Path, clock: ManualClock) -> None:
    await store.rule("x:1", Ruling.BLOCKED)
    await store.rule("x:2", Ruling.ALLOWED)
    async with open_store(f"sqlite:///{tmp_path}/copy.db", clock) as target:
        assert await copy(store, target, lambda *_: None) == await store.size()
        assert await target.rulings() == await store.rulings()
        await target.rule("x:1", Ruling.ALLOWED)
        await copy(target, store, lambda *_: None)
    assert (await store.rulings())["x:1"] is Ruling.ALLOWED

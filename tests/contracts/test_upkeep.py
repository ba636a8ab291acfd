"""What a store promises beside conversations: learnt facts, forgetting, moving to another store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain import NO_USAGE, Conversation, ModelFacts, Ref, TurnId, UsageReport
from core.ports import Outcome, Store
from core.stores.copying import copy
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.contracts.conftest import Backend
from tests.contracts.making import CHAT, LANE, LEASE, OTHER, answered, asked, branch, claimed
from tests.support.clock import ManualClock

DAY = 86_400.0  # seconds
WEEK = 7 * DAY


async def test_what_a_server_taught_is_kept(store: Store, elsewhere: Store) -> None:
    assert await store.facts() == {}
    await store.learn("m", ModelFacts(window=4096))
    learnt = ModelFacts(8192, 1.1, ("seed",), {"max_tokens": "max_completion_tokens"})
    await store.learn("m", learnt)
    await store.learn("odd\ud800", ModelFacts())
    assert await elsewhere.facts() == {"m": learnt, "odd\ufffd": ModelFacts()}


async def test_a_description_names_the_backend(store: Store) -> None:
    assert store.description.split()[0].lower().rstrip(":") in {"sqlite", "redis", "valkey"}
    assert "\n" not in store.description


async def test_warnings_are_lines(store: Store) -> None:
    assert all(line and "\n" not in line for line in await store.warnings())


async def test_events_are_remembered_for_a_week_after_the_turn_ended(
    backend: Backend, store: Store, clock: ManualClock
) -> None:
    if backend.expires_itself:
        pytest.skip("the server's own clock decides")
    await store.put(asked("0"))
    await store.finish(await claimed(store), Outcome.FAILED)
    await answered(store, asked("1"))
    await store.put(asked("2"))
    clock.leap(WEEK - 1)
    await store.sweep()
    assert not await store.put(asked("1"))
    assert await store.asked(CHAT, TurnId("0"))
    clock.leap(2)
    assert await store.sweep() > 0
    assert await store.asked(CHAT, TurnId("0")) is None
    assert await store.sweep() == 0
    assert not await store.put(asked("2")), "its turn has not ended"
    assert await store.put(asked("1"))


async def test_history_is_kept_for_ever_by_default(store: Store, clock: ManualClock) -> None:
    await answered(store, asked("1"))
    clock.leap(1_000 * DAY)
    await store.sweep()
    assert await branch(store) == ["Hello?", "Fine."]


async def test_history_is_forgotten_a_while_after_the_last_word(backend: Backend, clock: ManualClock) -> None:
    if backend.expires_itself:
        pytest.skip("the server's own clock decides")
    async with backend.open(StoreOptions(history_ttl=30 * DAY)) as store:
        await answered(store, asked("1", ref=Ref("t:1")))
        await answered(store, asked("2", conversation=OTHER))
        clock.leap(29 * DAY)
        await answered(store, asked("3", conversation=OTHER))
        clock.leap(2 * DAY)
        await store.put(asked("4", conversation="terminal:waiting"))
        assert await store.sweep() > 0
        assert await store.messages(CHAT) == ()
        assert await store.conversation(CHAT) == Conversation(CHAT)
        assert await store.shown_as(CHAT, Ref("t:1")) is None
        assert await store.usage(CHAT) == UsageReport(NO_USAGE, NO_USAGE)
        assert len(await store.messages(OTHER)) == 4
        assert (await claimed(store)).id == "4"


@pytest.fixture
async def target(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    async with open_store(f"sqlite:///{tmp_path}/copy.db", clock) as store:
        yield store


async def _fill(store: Store) -> None:
    """One of everything, and more messages than fit a page."""
    await store.configure(CHAT, model="m", persona="poet")
    await store.learn("m", ModelFacts(window=4096))
    for number in range(300):
        await answered(store, asked(f"{number}", f"question {number}"))
    await store.move(CHAT, (await store.conversation(CHAT)).head)
    await answered(store, asked("seen", conversation=OTHER, ref=Ref("t:1")), shown=("t:2", "t:3"))
    await store.put(asked("lost", conversation=OTHER))
    await store.set_aside(await claimed(store), "broken")
    await store.put(asked("failed", conversation=OTHER))
    await store.finish(await claimed(store), Outcome.FAILED)
    await store.put(asked("held", conversation=OTHER))
    await claimed(store)
    await store.put(asked("w1", "first", conversation=OTHER, group="paste"))
    await store.put(asked("w2", "second", conversation=OTHER, group="paste"))
    await store.put(asked("later", conversation=OTHER))


async def _the_same(left: Store, right: Store) -> None:
    for chat in (CHAT, OTHER):
        assert await left.conversation(chat) == await right.conversation(chat)
        assert await left.messages(chat) == await right.messages(chat)
        assert await left.usage(chat) == await right.usage(chat)
        assert await branch(left, conversation=chat) == await branch(right, conversation=chat)
    for message in await left.messages(OTHER):
        assert await left.refs(OTHER, message.id) == await right.refs(OTHER, message.id)
    assert await left.shown_as(OTHER, Ref("t:3")) == await right.shown_as(OTHER, Ref("t:3"))
    assert await left.facts() == await right.facts()
    assert await left.aside() == await right.aside()


async def test_everything_moves_to_another_store_and_back(
    store: Store, target: Store, backend: Backend, tmp_path: Path, clock: ManualClock
) -> None:
    await _fill(store)
    seen: list[tuple[int, int]] = []
    copied = await copy(store, target, lambda done, expected: seen.append((done, expected)))
    assert seen[-1][0] == copied >= 600
    assert seen == sorted(seen)
    await _the_same(store, target)
    async with open_store(f"sqlite:///{tmp_path}/third.db", clock) as third:
        await copy(target, third, lambda *_: None)
        await _the_same(store, third)
    assert await copy(target, store, lambda *_: None) == copied, f"back into {backend.url.split(':')[0]}"
    await _the_same(store, target)


async def test_waiting_turns_go_on_in_the_other_store(store: Store, target: Store, clock: ManualClock) -> None:
    await _fill(store)
    await copy(store, target, lambda *_: None)
    clock.leap(LEASE)
    assert not await target.put(asked("w2", conversation=OTHER))
    for event, parts in (("held", 1), ("w1", 2), ("later", 1)):
        turn = await claimed(target)
        assert (turn.id, len(turn.incoming.parts)) == (event, parts)
        await target.finish(turn, Outcome.ANSWERED)
    assert await target.claim([LANE], LEASE) is None
    assert await target.requeue((await target.aside())[0].turn)


async def test_copying_again_changes_nothing(store: Store, target: Store) -> None:
    await _fill(store)
    first = await copy(store, target, lambda *_: None)
    before = (await target.depth(), await target.size())
    assert await copy(store, target, lambda *_: None) == first
    assert (await target.depth(), await target.size()) == before
    await _the_same(store, target)


async def test_a_store_reads_what_it_is_given_back(backend: Backend, store: Store, target: Store) -> None:
    """Loading is the other half of paging in every backend, not only in the one that copies are made into."""
    await answered(target, asked("1", "a", ref=Ref("t:1")), "b", shown=("t:2",))
    await target.put(asked("2"))
    await target.put(asked("3"))
    await copy(target, store, lambda *_: None)
    assert await branch(store) == ["a", "b"]
    assert not await store.put(asked("2"))
    async with backend.open() as other:
        turn = await claimed(other)
        assert (turn.id, turn.parent) == ("2", "1/a")
    await store.finish(turn, Outcome.ANSWERED)
    assert (await claimed(store)).id == "3"

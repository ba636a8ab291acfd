"""What a store promises about a turn that somebody works on: one holder, who can lose it and then writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.domain import Ref, SetAside, Turn, TurnId, answer_id
from core.errors import LeaseLost
from core.ports import Outcome, Store
from tests.contracts.making import CHAT, LANE, LEASE, OTHER, asked, claimed, exchange, woken
from tests.support.clock import ManualClock

Write = Callable[[Store, Turn], Awaitable[object]]


async def _commit(store: Store, turn: Turn) -> None:
    await store.commit(turn, await exchange(store, turn))


WRITES: dict[str, Write] = {
    "renew": lambda store, turn: store.renew(turn, LEASE),
    "remember": lambda store, turn: store.remember(turn, Ref("t:1")),
    "forget": lambda store, turn: store.forget(turn, Ref("t:1")),
    "commit": _commit,
    "finish": lambda store, turn: store.finish(turn, Outcome.ANSWERED),
    "fail": lambda store, turn: store.finish(turn, Outcome.FAILED),
    "postpone": lambda store, turn: store.postpone(turn, 1.0, spent=True),
    "set_aside": lambda store, turn: store.set_aside(turn, "reason"),
}
writes = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


async def test_a_lease_holds_as_long_as_it_is_renewed(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    for _ in range(3):
        clock.leap(LEASE - 1)
        assert await store.renew(turn, LEASE) is False
        assert await store.claim([LANE], LEASE) is None


async def test_a_lapsed_turn_goes_to_the_next_worker(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    await store.put(asked("1"))
    first = await claimed(store)
    await store.remember(first, Ref("t:2"))
    clock.leap(LEASE)
    second = await claimed(elsewhere)
    assert second.id == first.id
    assert second.token != first.token
    assert (second.attempt, second.shown) == (2, ("t:2",))


@writes
async def test_who_lost_the_lease_writes_nothing(store: Store, clock: ManualClock, write: Write) -> None:
    await store.put(asked("1"))
    first = await claimed(store)
    clock.leap(LEASE)
    second = await claimed(store)
    with pytest.raises(LeaseLost):
        await write(store, first)
    assert await store.messages(CHAT) == ()
    assert await store.refs(CHAT, answer_id(first.id)) == ()
    assert (await store.conversation(CHAT)).failed is None
    assert await store.renew(second, LEASE) is False


@pytest.mark.parametrize("write", [write for name, write in WRITES.items() if name != "postpone"])
async def test_a_lapsed_lease_is_lost_even_while_nobody_took_the_turn(
    store: Store, clock: ManualClock, write: Write
) -> None:
    """A process that was paused must not go on as if nothing had happened: somebody may be about to take the turn."""
    await store.put(asked("1"))
    turn = await claimed(store)
    clock.leap(LEASE)
    with pytest.raises(LeaseLost):
        await write(store, turn)
    assert (await claimed(store)).attempt == 2


async def test_who_was_cut_off_from_the_store_gives_a_lapsed_turn_back_unspent(
    store: Store, clock: ManualClock
) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    clock.leap(LEASE)
    await store.postpone(turn, 0.0, spent=False)
    assert (await claimed(store)).attempt == 1


@writes
async def test_a_turn_that_is_over_takes_no_more_writes(store: Store, write: Write) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    await store.finish(turn, Outcome.ANSWERED)
    with pytest.raises(LeaseLost):
        await write(store, turn)
    assert await store.claim([LANE], LEASE) is None


async def test_a_postponed_turn_comes_back_first(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1"))
    await store.put(asked("2"))
    await store.postpone(await claimed(store), 10.0, spent=True)
    clock.leap(9.9)
    assert await store.claim([LANE], LEASE) is None
    clock.leap(0.2)
    turn = await claimed(store)
    assert (turn.id, turn.attempt) == ("1", 2)


async def test_attempts_are_not_spent_while_the_platform_is_away(store: Store) -> None:
    await store.put(asked("1"))
    for _ in range(3):
        turn = await claimed(store)
        assert turn.attempt == 1
        await store.postpone(turn, 0.0, spent=False)


async def test_a_move_of_the_head_forgets_the_failed_turn(store: Store) -> None:
    await store.put(asked("1"))
    await store.finish(await claimed(store), Outcome.FAILED)
    await store.move(CHAT, None)
    assert (await store.conversation(CHAT)).failed is None


async def test_a_failed_turn_can_be_asked_again(store: Store) -> None:
    incoming = asked("1", "Hard?", ref=Ref("t:1"))
    await store.put(incoming)
    await store.finish(await claimed(store), Outcome.FAILED)
    assert (await store.conversation(CHAT)).failed == incoming
    await store.put(asked("2"))
    turn = await claimed(store)
    assert turn.conversation.failed == incoming
    await store.commit(turn, await exchange(store, turn))
    assert (await store.conversation(CHAT)).failed is None


async def test_what_a_turn_asks_is_known_until_it_is_answered(store: Store) -> None:
    incoming = asked("1", "Hard?")
    assert await store.asked(CHAT, TurnId("1")) is None
    await store.put(incoming)
    assert await store.asked(CHAT, TurnId("1")) == incoming
    assert await store.asked(OTHER, TurnId("1")) is None
    turn = await claimed(store)
    assert await store.asked(CHAT, TurnId("1")) == incoming
    await store.commit(turn, await exchange(store, turn))
    await store.finish(turn, Outcome.ANSWERED)
    assert await store.asked(CHAT, TurnId("1")) is None


async def test_what_failed_is_known_also_when_others_were_answered_since(store: Store) -> None:
    first, second = asked("1", "Hard?", overheard="x"), asked("2", "Harder?")
    await store.put(first)
    await store.finish(await claimed(store), Outcome.FAILED)
    await store.put(second)
    await store.set_aside(await claimed(store), "broken")
    await store.put(asked("3"))
    turn = await claimed(store)
    await store.commit(turn, await exchange(store, turn))
    await store.finish(turn, Outcome.ANSWERED)
    assert await store.asked(CHAT, TurnId("1")) == first.kept
    assert await store.asked(CHAT, TurnId("2")) == second
    assert await store.asked(OTHER, TurnId("1")) is None


async def test_a_turn_set_aside_waits_for_the_operator(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1"))
    await store.put(asked("2"))
    await store.set_aside(await claimed(store), "the model is gone")
    assert await store.aside() == (SetAside(TurnId("1"), CHAT, clock.now(), 1, "the model is gone"),)
    failed = (await store.conversation(CHAT)).failed
    assert failed is not None
    assert failed.event_id == "1"
    assert (await claimed(store)).id == "2"
    assert not await store.put(asked("1"))


async def test_what_was_overheard_is_not_kept_with_a_failed_turn(store: Store) -> None:
    await store.put(asked("1", overheard="> Bob: a secret"))
    turn = await claimed(store)
    assert turn.incoming.overheard
    await store.set_aside(turn, "broken")
    await store.requeue(turn.id)
    again = await claimed(store)
    assert again.incoming == turn.incoming.kept
    await store.finish(again, Outcome.FAILED)
    assert (await store.conversation(CHAT)).failed == turn.incoming.kept


async def test_what_is_set_aside_is_listed_oldest_first(store: Store, clock: ManualClock) -> None:
    for event, conversation in (("9", "c:1"), ("1", "c:2"), ("5", "c:3")):
        await store.put(asked(event, conversation=conversation))
        await store.set_aside(await claimed(store), "broken")
        clock.leap(1)
    assert [row.turn for row in await store.aside()] == ["9", "1", "5"]


async def test_a_requeued_turn_comes_last_and_starts_over(store: Store) -> None:
    await store.put(asked("1"))
    await store.put(asked("2"))
    lost = await claimed(store)
    await store.set_aside(lost, "broken")
    assert await store.requeue(lost.id)
    assert not await store.requeue(lost.id)
    assert await store.aside() == ()
    second = await claimed(store)
    assert second.id == "2"
    await store.commit(second, await exchange(store, second))
    await store.finish(second, Outcome.ANSWERED)
    turn = await claimed(store)
    assert (turn.id, turn.attempt, turn.parent) == ("1", 1, "2/a")
    assert (second.requeued, turn.requeued) == (False, True)
    with pytest.raises(LeaseLost):
        await store.renew(lost, LEASE)


async def test_a_dropped_turn_is_forgotten(store: Store) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    assert not await store.drop(turn.id)
    await store.set_aside(turn, "broken")
    assert await store.drop(turn.id)
    assert not await store.drop(turn.id)
    assert not await store.requeue(turn.id)
    assert await store.aside() == ()
    assert not await store.put(asked("1"))
    assert await store.claim([LANE], LEASE) is None


async def test_stop_reaches_the_holder_from_another_client(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    waiting = asyncio.create_task(store.wait(3600))
    await clock.advance(0.5)
    assert await elsewhere.stop(CHAT)
    while "1" not in (stopped := await woken(clock, waiting)):
        waiting = asyncio.create_task(store.wait(3600))
    assert stopped == {"1"}
    assert await store.renew(turn, LEASE) is True


async def test_stop_without_a_running_turn_says_so(store: Store) -> None:
    assert not await store.stop(CHAT)
    await store.put(asked("1"))
    assert not await store.stop(CHAT)
    turn = await claimed(store)
    assert not await store.stop(OTHER)
    await store.finish(turn, Outcome.ANSWERED)
    assert not await store.stop(CHAT)


async def test_stop_is_heard_by_the_worker_that_takes_over(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1"))
    await claimed(store)
    assert await store.stop(CHAT)
    clock.leap(LEASE)
    assert (await claimed(store)).stop_requested


async def test_stop_ends_only_the_turn_that_was_running(store: Store) -> None:
    await store.put(asked("1"))
    await store.put(asked("2"))
    turn = await claimed(store)
    await store.stop(CHAT)
    await store.finish(turn, Outcome.ANSWERED)
    following = await claimed(store)
    assert not following.stop_requested
    assert await store.renew(following, LEASE) is False


async def test_stop_is_heard_between_two_attempts(store: Store) -> None:
    """The user sees an unfinished answer and says /stop, whether or not a worker is at it in this moment."""
    await store.put(asked("1"))
    await store.postpone(await claimed(store), 0.0, spent=True)
    assert await store.stop(CHAT)
    assert (await claimed(store)).stop_requested


async def test_a_waiting_worker_wakes_for_a_message_put_elsewhere(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    assert await store.claim([LANE], LEASE) is None
    waiting = asyncio.create_task(store.wait(3600))
    await clock.advance(0.5)
    await elsewhere.put(asked("1"))
    while (turn := await store.claim([LANE], LEASE)) is None:
        await woken(clock, waiting)
        waiting = asyncio.create_task(store.wait(3600))
    waiting.cancel()
    assert turn.id == "1"


async def test_a_message_put_between_claim_and_wait_is_not_overlooked(store: Store, clock: ManualClock) -> None:
    assert await store.claim([LANE], LEASE) is None
    await store.put(asked("1"))
    await woken(clock, asyncio.create_task(store.wait(3600)))


async def test_a_waiting_worker_wakes_when_a_turn_becomes_due(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1", hold=3.0))
    while await store.claim([LANE], LEASE) is None:
        await woken(clock, asyncio.create_task(store.wait(3600)))


async def test_a_waiting_worker_wakes_when_the_conversation_is_free_again(
    store: Store, elsewhere: Store, clock: ManualClock
) -> None:
    await store.put(asked("1"))
    await store.put(asked("2"))
    turn = await claimed(elsewhere)
    assert await store.claim([LANE], LEASE) is None
    await elsewhere.finish(turn, Outcome.ANSWERED)
    while await store.claim([LANE], LEASE) is None:
        await woken(clock, asyncio.create_task(store.wait(3600)))


async def test_all_who_wait_are_woken(store: Store, clock: ManualClock) -> None:
    waiting = [asyncio.create_task(store.wait(3600)) for _ in range(3)]
    await clock.advance(0.5)
    await store.put(asked("1"))
    for worker in waiting:
        await woken(clock, worker)


async def test_waiting_ends_after_the_time_asked_for(store: Store, clock: ManualClock) -> None:
    waiting = asyncio.create_task(store.wait(2.0))
    assert await woken(clock, waiting) == frozenset()

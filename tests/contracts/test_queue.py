"""What a store promises about messages that wait: none lost, none twice, each conversation in its order."""

from __future__ import annotations

import asyncio

import pytest

from core.domain import InboxDepth, Ref, TextPart, TurnId, question_id
from core.errors import LeaseLost
from core.ports import Outcome, Store
from tests.contracts.making import CHAT, LANE, LEASE, OTHER, answered, asked, claimed, exchange
from tests.support.clock import ManualClock


async def test_a_message_comes_out_as_it_was_put(store: Store) -> None:
    incoming = asked(
        "1", "Hi", address={"chat": "7"}, ref=Ref("t:1"), author="Ada", background="It is Monday.", reply_to=Ref("t:0")
    )
    assert await store.put(incoming)
    turn = await claimed(store)
    assert turn.id == "1"
    assert turn.incoming == incoming
    assert (turn.attempt, turn.parent, turn.shown, turn.stop_requested) == (1, None, (), False)
    assert turn.conversation.id == CHAT


async def test_a_redelivered_event_is_the_same_turn(store: Store, elsewhere: Store) -> None:
    assert await store.put(asked("1"))
    assert not await store.put(asked("1"))
    assert not await elsewhere.put(asked("1"))
    turn = await claimed(store)
    assert not await store.put(asked("1"))
    await store.finish(turn, Outcome.ANSWERED)
    assert not await store.put(asked("1"))
    assert await store.claim([LANE], LEASE) is None


async def test_many_deliveries_at_once_are_one_turn(store: Store, elsewhere: Store) -> None:
    stored = await asyncio.gather(*(client.put(asked("1")) for client in (store, elsewhere) * 10))
    assert sum(stored) == 1


async def test_a_conversation_is_answered_in_order_one_at_a_time(store: Store) -> None:
    for event in ("1", "2", "3"):
        await store.put(asked(event))
    for event in ("1", "2", "3"):
        turn = await claimed(store)
        assert turn.id == event
        assert await store.claim([LANE], LEASE) is None
        await store.finish(turn, Outcome.ANSWERED)
    assert await store.claim([LANE], LEASE) is None


async def test_conversations_do_not_wait_for_each_other(store: Store) -> None:
    for number in range(40):
        await store.put(asked(f"{number}", conversation=f"terminal:{number}"))
    turns = [await claimed(store) for _ in range(40)]
    assert {turn.id for turn in turns} == {str(number) for number in range(40)}


async def test_the_longest_waiting_conversation_is_first(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1", conversation=CHAT))
    clock.leap(1)
    await store.put(asked("2", conversation=CHAT))
    clock.leap(1)
    await store.put(asked("3", conversation=CHAT))
    assert (await claimed(store)).id == "1"


async def test_racing_workers_never_hold_the_same_turn(store: Store, elsewhere: Store) -> None:
    for number in range(20):
        await store.put(asked(f"{number}", conversation=f"terminal:{number % 10}"))
    turns = await asyncio.gather(*(client.claim([LANE], LEASE) for client in (store, elsewhere) * 15))
    held = [turn.incoming.conversation for turn in turns if turn]
    assert len(held) == len(set(held)) == 10


async def test_a_worker_gets_only_the_lanes_it_asks_for(store: Store) -> None:
    await store.put(asked("1", conversation=CHAT, lane="telegram"))
    await store.put(asked("2", conversation=OTHER, lane="discord"))
    assert await store.claim(["terminal"], LEASE) is None
    assert await store.claim([], LEASE) is None
    turn = await store.claim(["terminal", "discord"], LEASE)
    assert turn is not None
    assert turn.id == "2"
    assert (await claimed(store, "telegram")).id == "1"


async def test_a_hold_keeps_a_turn_back(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1", hold=1.0))
    await store.put(asked("2"))
    assert await store.claim([LANE], LEASE) is None
    clock.leap(1.0)
    assert (await claimed(store)).id == "1"


async def test_parts_of_a_group_are_one_turn(store: Store, clock: ManualClock) -> None:
    """A long paste that a platform split, or an album: what arrives before the claim belongs to the first part."""
    await store.put(asked("1", "first", group="paste", hold=1.0, ref=Ref("t:1")))
    clock.leap(0.9)
    assert await store.put(asked("2", "second", group="paste", hold=1.0, ref=Ref("t:2")))
    assert not await store.put(asked("2", "second", group="paste", hold=1.0))
    clock.leap(0.9)
    assert await store.claim([LANE], LEASE) is None
    clock.leap(0.2)
    turn = await claimed(store)
    assert turn.id == "1"
    assert turn.incoming.parts == (TextPart("first"), TextPart("second"))
    assert await store.shown_as(CHAT, Ref("t:2")) == question_id(turn.id)
    await store.finish(turn, Outcome.ANSWERED)
    assert await store.claim([LANE], LEASE) is None
    assert not await store.put(asked("2", "second", group="paste"))


async def test_a_part_that_comes_after_the_claim_is_a_turn_of_its_own(store: Store) -> None:
    await store.put(asked("1", "first", group="paste"))
    turn = await claimed(store)
    await store.put(asked("2", "second", group="paste"))
    assert turn.incoming.parts == (TextPart("first"),)
    await store.finish(turn, Outcome.ANSWERED)
    assert (await claimed(store)).incoming.parts == (TextPart("second"),)


async def test_groups_of_other_conversations_and_other_names_stay_apart(store: Store) -> None:
    await store.put(asked("1", "a", group="paste"))
    await store.put(asked("2", "b", group="album"))
    await store.put(asked("3", "c", group="paste", conversation=OTHER))
    assert (await store.depth()).queued == 3


async def test_an_edit_before_the_claim_changes_the_question(store: Store) -> None:
    await store.put(asked("1", "Waht?", ref=Ref("t:1")))
    assert await store.put(asked("2", "What?", ref=Ref("t:1"), revises=Ref("t:1")))
    turn = await claimed(store)
    assert turn.id == "1"
    assert turn.incoming.parts == (TextPart("What?"),)
    await store.finish(turn, Outcome.ANSWERED)
    assert await store.claim([LANE], LEASE) is None
    assert not await store.put(asked("2", "What?", ref=Ref("t:1"), revises=Ref("t:1")))


async def test_an_edit_after_the_claim_asks_again_from_the_same_place(store: Store) -> None:
    """The edited question takes the place of the old one, and its answer that of the old answer's messages."""
    await answered(store, asked("1", "Hello"), "Hi.")
    first = await answered(store, asked("2", "Waht?", ref=Ref("t:2")), "?", shown=("t:3", "t:4"))
    await store.put(asked("3", "What?", ref=Ref("t:2"), revises=Ref("t:2")))
    turn = await claimed(store)
    assert turn.id == "3"
    assert turn.parent == first.parent == "1/a"
    assert turn.shown == ("t:3", "t:4")
    assert await store.shown_as(CHAT, Ref("t:2")) == "3/q"
    await store.commit(turn, await exchange(store, turn, "That."))
    await store.finish(turn, Outcome.ANSWERED)
    assert await store.shown_as(CHAT, Ref("t:4")) == "3/a"
    assert [message.id for message in await store.children(CHAT, first.parent)] == ["2/q", "3/q"]


async def test_an_edit_while_the_question_is_being_answered_waits_for_its_turn(store: Store) -> None:
    await store.put(asked("1", "Waht?", ref=Ref("t:1")))
    turn = await claimed(store)
    await store.put(asked("2", "What?", ref=Ref("t:1"), revises=Ref("t:1")))
    assert await store.claim([LANE], LEASE) is None
    await store.remember(turn, Ref("t:9"))
    await store.commit(turn, await exchange(store, turn))
    await store.finish(turn, Outcome.ANSWERED)
    edited = await claimed(store)
    assert (edited.id, edited.parent, edited.shown) == ("2", None, ("t:9",))


async def test_an_edit_of_something_unknown_is_a_question(store: Store) -> None:
    await answered(store, asked("1"))
    await store.put(asked("2", revises=Ref("t:long-ago")))
    assert (await claimed(store)).parent == "1/a"


async def test_a_deleted_question_is_not_answered(store: Store) -> None:
    await store.put(asked("1", ref=Ref("t:1")))
    await store.put(asked("2", ref=Ref("t:2")))
    assert await store.withdraw(CHAT, Ref("t:1"))
    assert not await store.withdraw(CHAT, Ref("t:1"))
    assert not await store.put(asked("1", ref=Ref("t:1")))
    assert (await claimed(store)).id == "2"


async def test_a_question_being_answered_cannot_be_withdrawn(store: Store) -> None:
    await store.put(asked("1", ref=Ref("t:1")))
    turn = await claimed(store)
    assert not await store.withdraw(CHAT, Ref("t:1"))
    assert not await store.withdraw(OTHER, Ref("t:1"))
    await store.finish(turn, Outcome.ANSWERED)
    assert not await store.withdraw(CHAT, Ref("t:1"))


async def test_a_question_follows_what_was_there_when_it_was_claimed(store: Store) -> None:
    await store.put(asked("1"))
    await store.put(asked("2"))
    first = await claimed(store)
    await store.commit(first, await exchange(store, first))
    await store.finish(first, Outcome.ANSWERED)
    assert (await claimed(store)).parent == "1/a"


async def test_a_reply_follows_the_message_it_replies_to(store: Store) -> None:
    await answered(store, asked("1", ref=Ref("t:1")), shown=("t:2",))
    await answered(store, asked("2", ref=Ref("t:3")), shown=("t:4",))
    await store.put(asked("3", reply_to=Ref("t:2")))
    turn = await claimed(store)
    assert turn.parent == "1/a"
    await store.finish(turn, Outcome.ANSWERED)
    await store.put(asked("4", reply_to=Ref("t:unknown")))
    assert (await claimed(store)).parent == "2/a"


async def test_a_reply_to_a_message_that_was_never_kept_follows_the_head(store: Store) -> None:
    await answered(store, asked("1"))
    await store.put(asked("2", ref=Ref("t:3")))
    failed = await claimed(store)
    await store.remember(failed, Ref("t:4"))
    await store.finish(failed, Outcome.FAILED)
    await store.put(asked("3", reply_to=Ref("t:4")))
    assert (await claimed(store)).parent == "1/a"


async def test_asking_again_starts_from_the_question(store: Store) -> None:
    await answered(store, asked("1"))
    await store.put(asked("2", again=question_id(TurnId("1"))))
    turn = await claimed(store)
    assert turn.parent == "1/q"
    await store.commit(turn, await exchange(store, turn, "Better."))
    assert [message.id for message in await store.children(CHAT, turn.parent)] == ["1/a", "2/a"]
    assert (await store.conversation(CHAT)).head == "2/a"


async def test_the_parent_stays_whatever_happens_between_two_attempts(store: Store, clock: ManualClock) -> None:
    await answered(store, asked("1"))
    await store.put(asked("2"))
    await claimed(store)
    await store.move(CHAT, None)
    clock.leap(LEASE)
    assert (await claimed(store)).parent == "1/a"


async def test_depth_counts_what_waits_runs_and_is_set_aside(store: Store) -> None:
    for number in range(4):
        await store.put(asked(f"{number}", conversation=f"terminal:{number}"))
    await store.set_aside(await claimed(store), "the model is gone")
    await claimed(store)
    depth = await store.depth()
    assert (depth.queued, depth.running, depth.aside) == (2, 1, 1)


async def test_a_turn_whose_holder_is_gone_waits(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1", sent_at=1_000.0))
    await claimed(store)
    clock.leap(LEASE)
    assert await store.depth() == InboxDepth(queued=1, running=0, aside=0, oldest=1_000.0)


async def test_depth_tells_since_when_the_oldest_message_waits(store: Store) -> None:
    assert (await store.depth()).oldest is None
    for number in range(4):
        await store.put(asked(f"{number}", conversation=f"terminal:{number}", sent_at=1_000.0 + number))
    running = await claimed(store)
    waiting = {number for number in range(4) if f"{number}" != running.id}
    assert (await store.depth()).oldest == 1_000.0 + min(waiting)
    while await store.claim([LANE], LEASE):
        pass
    assert (await store.depth()).oldest is None


async def test_a_turn_may_be_finished_through_another_client(store: Store, elsewhere: Store) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    await elsewhere.finish(turn, Outcome.ANSWERED)
    with pytest.raises(LeaseLost):
        await store.renew(turn, LEASE)

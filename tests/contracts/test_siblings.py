"""What a store promises about several answers to one question: one is shown, in the messages that showed the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.domain import Message, MessageId, Ref, Turn
from core.errors import LeaseLost
from core.ports import Outcome, Store
from core.stores.copying import copy
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.contracts.making import CHAT, LEASE, OTHER, answered, asked, branch, claimed, exchange
from tests.support.clock import ManualClock

SEEN = (Ref("t:2"), Ref("t:3"))
"""The messages that show the answer to the question of `_asked`."""
QUESTION = MessageId("1/q")


async def _asked(store: Store) -> None:
    await answered(store, asked("1", "A number?", ref=Ref("t:1")), "one", shown=SEEN)


async def _retried(store: Store, event: str, text: str, ref: Ref = SEEN[1]) -> Turn:
    return await answered(store, asked(event, again=QUESTION, replaces=ref), text)


async def _kept(store: Store, message: str) -> Message:
    found = await store.message(CHAT, MessageId(message))
    assert found is not None
    return found


async def _shows(store: Store, event: str, answer: str, ref: Ref = SEEN[0]) -> Turn:
    await store.put(asked(event, show=MessageId(answer), replaces=ref))
    turn = await claimed(store)
    await store.choose(turn, await _kept(store, answer))
    await store.finish(turn, Outcome.ANSWERED)
    return turn


async def test_a_sibling_takes_over_the_messages_of_the_answer_before(store: Store) -> None:
    await _asked(store)
    await store.put(asked("2", again=QUESTION, replaces=SEEN[1], ref=Ref("t:1")))
    turn = await claimed(store)
    assert (turn.parent, turn.shown) == (QUESTION, SEEN)
    assert await store.shown_as(CHAT, SEEN[0]) == "2/a"
    assert await store.shown_as(CHAT, Ref("t:1")) == QUESTION
    assert await store.refs(CHAT, MessageId("1/a")) == ()


async def test_messages_are_taken_over_again_and_again(store: Store, clock: ManualClock) -> None:
    """Also while the turn before still waited when the next one was put."""
    await _asked(store)
    await store.put(asked("2", again=QUESTION, replaces=SEEN[0]))
    await store.put(asked("3", again=QUESTION, replaces=SEEN[0]))
    second = await claimed(store)
    await store.remember(second, Ref("t:4"))
    clock.leap(LEASE)
    second = await claimed(store)
    assert second.shown == (*SEEN, "t:4")
    await store.commit(second, await exchange(store, second))
    await store.finish(second, Outcome.ANSWERED)
    assert (await claimed(store)).shown == (*SEEN, "t:4")


async def test_an_answer_replaces_the_error_of_a_turn_that_failed(store: Store) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    await store.remember(turn, SEEN[0])
    await store.finish(turn, Outcome.FAILED)
    assert await store.shown_as(CHAT, SEEN[0]) == "1/a"
    await store.put(asked("2", replaces=SEEN[0]))
    assert (await claimed(store)).shown == SEEN[:1]


async def test_what_shows_nothing_known_is_not_taken_over(store: Store) -> None:
    await _asked(store)
    await store.put(asked("2", conversation=OTHER, replaces=SEEN[0]))
    assert (await claimed(store)).shown == ()
    assert await store.shown_as(CHAT, SEEN[0]) == "1/a"


async def test_a_kept_answer_is_shown_instead_of_its_sibling(store: Store, clock: ManualClock) -> None:
    await _asked(store)
    await _retried(store, "2", "two")
    await store.put(asked("3", show=MessageId("1/a"), replaces=SEEN[0]))
    await claimed(store)
    clock.leap(LEASE)
    turn = await claimed(store)
    assert (turn.parent, turn.shown) == ("1/a", SEEN)
    await store.remember(turn, Ref("t:4"))
    assert await store.shown_as(CHAT, SEEN[1]) == "1/a"
    assert await store.refs(CHAT, MessageId("1/a")) == (*SEEN, "t:4")
    await store.choose(turn, await _kept(store, "1/a"))
    await store.choose(turn, await _kept(store, "1/a"))
    assert await branch(store) == ["A number?", "one"]


async def test_a_reply_to_the_answer_shown_goes_on_from_it(store: Store) -> None:
    await _asked(store)
    await _retried(store, "2", "two")
    await _shows(store, "3", "1/a")
    await store.put(asked("4", reply_to=SEEN[0]))
    assert (await claimed(store)).parent == "1/a"


async def test_an_answer_shown_in_two_places_leaves_each_as_it_is(store: Store) -> None:
    """Its own messages, and those of a sibling that was posted elsewhere."""
    await _asked(store)
    await answered(store, asked("2", again=QUESTION), "two", shown=("t:9",))
    assert (await _shows(store, "3", "1/a", Ref("t:9"))).shown == ("t:9",)
    assert await store.refs(CHAT, MessageId("1/a")) == (*SEEN, "t:9")
    assert (await _shows(store, "4", "2/a", Ref("t:9"))).shown == ("t:9",)
    assert await store.refs(CHAT, MessageId("1/a")) == SEEN
    assert await store.shown_as(CHAT, Ref("t:9")) == "2/a"


async def test_who_went_on_from_an_answer_stays_there(store: Store) -> None:
    await _asked(store)
    await answered(store, asked("2", "And?"), "more")
    await _retried(store, "3", "two")
    assert await branch(store) == ["A number?", "one", "And?", "more"]
    await _shows(store, "4", "3/a")
    assert await branch(store) == ["A number?", "one", "And?", "more"]


async def test_a_sibling_does_not_undo_new(store: Store) -> None:
    await _asked(store)
    await _retried(store, "2", "two")
    await store.put(asked("3", show=MessageId("1/a")))
    turn = await claimed(store)
    await store.move(CHAT, None)
    await store.choose(turn, await _kept(store, "1/a"))
    await store.finish(turn, Outcome.ANSWERED)
    await _retried(store, "4", "three")
    assert (await store.conversation(CHAT)).head is None


async def test_who_lost_the_lease_chooses_nothing(store: Store, clock: ManualClock) -> None:
    await _asked(store)
    await _retried(store, "2", "two")
    await store.put(asked("3", show=MessageId("1/a")))
    turn = await claimed(store)
    clock.leap(LEASE)
    with pytest.raises(LeaseLost):
        await store.choose(turn, await _kept(store, "1/a"))
    assert (await store.conversation(CHAT)).head == "2/a"


async def test_an_edited_question_takes_over_the_messages_of_whichever_answer_is_shown(store: Store) -> None:
    await _asked(store)
    await _retried(store, "2", "two")
    await _shows(store, "3", "1/a")
    await store.put(asked("4", "Two numbers?", ref=Ref("t:1"), revises=Ref("t:1")))
    assert (await claimed(store)).shown == SEEN


async def test_an_edited_question_takes_over_the_error_of_its_last_retry(store: Store) -> None:
    await _asked(store)
    await store.put(asked("2", again=QUESTION, replaces=SEEN[0]))
    await store.finish(await claimed(store), Outcome.FAILED)
    await store.put(asked("3", "Two numbers?", ref=Ref("t:1"), revises=Ref("t:1")))
    assert (await claimed(store)).shown == SEEN


async def test_the_same_wish_is_one_turn_until_it_is_fulfilled(store: Store) -> None:
    await _asked(store)
    wish: dict[str, Any] = {"again": QUESTION, "replaces": SEEN[0], "group": "retry", "parts": ()}
    for event in ("2", "3"):
        assert await store.put(asked(event, **wish))
    turn = await claimed(store)
    assert await store.put(asked("4", **wish))
    assert not await store.put(asked("4", **wish))
    await store.commit(turn, await exchange(store, turn))
    await store.finish(turn, Outcome.ANSWERED)
    assert not await store.put(asked("3", **wish))
    assert await store.claim(["terminal"], LEASE) is None
    assert await store.put(asked("5", **wish))
    assert (await claimed(store)).id == "5"


async def test_a_message_that_was_deleted_is_taken_over_by_nobody(store: Store) -> None:
    await _asked(store)
    await store.put(asked("2", again=QUESTION, replaces=SEEN[0]))
    turn = await claimed(store)
    await store.forget(turn, SEEN[1])
    await store.forget(turn, Ref("t:never"))
    assert await store.shown_as(CHAT, SEEN[1]) is None
    await store.finish(turn, Outcome.FAILED)
    await store.put(asked("3", replaces=SEEN[0]))
    assert (await claimed(store)).shown == SEEN[:1]


async def test_an_edited_question_takes_over_no_question_that_was_asked_about_it(store: Store) -> None:
    for event, fields in (("1", {}), ("2", {"reply_to": Ref("q:1")}), ("3", {"revises": Ref("q:1")})):
        await store.put(asked(event, ref=Ref(f"q:{event}"), **fields))
        turn = await claimed(store)
        await store.commit(turn, await exchange(store, turn))
        await store.finish(turn, Outcome.ANSWERED)
    assert await store.shown_as(CHAT, Ref("q:2")) == "2/q"


async def test_only_the_turn_that_was_meant_is_stopped(store: Store) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    assert not await store.stop(CHAT, asked("2").event_id)
    assert await store.renew(turn, LEASE) is False
    assert await store.stop(CHAT, turn.id)
    assert await store.renew(turn, LEASE) is True


async def test_what_is_shown_is_copied(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    await _asked(store)
    await _retried(store, "2", "two")
    await _shows(store, "3", "1/a")
    await store.put(asked("4", show=MessageId("2/a"), replaces=SEEN[0]))
    async with open_store(f"sqlite:///{tmp_path}/copy.db", clock, StoreOptions()) as target:
        await copy(store, target, lambda *_: None)
        assert await target.refs(CHAT, MessageId("1/a")) == SEEN
        turn = await claimed(target)
        assert (turn.parent, turn.shown) == ("2/a", SEEN)

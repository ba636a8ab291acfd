"""What a store promises about what was said: a tree of messages, and a head that says where the conversation stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import NO_USAGE, Conversation, ConversationId, Encoding, MessageId, Ref, Usage, UsageReport
from core.ports import Outcome, Store
from tests.contracts.making import CHAT, LEASE, OTHER, USAGE, answered, asked, branch, claimed, exchange, kept
from tests.support.clock import ManualClock

DAY = 86_400.0  # seconds
WHOLE = 1_000_000


async def test_an_unknown_conversation_is_an_empty_one(store: Store) -> None:
    assert await store.conversation(CHAT) == Conversation(CHAT)
    assert await store.messages(CHAT) == ()
    assert await store.children(CHAT, None) == ()
    assert await store.message(CHAT, MessageId("1/q")) is None
    assert await store.path(CHAT, MessageId("1/q"), Encoding.O200K, WHOLE) == ()
    assert await store.path(CHAT, None, Encoding.O200K, WHOLE) == ()
    assert await store.usage(CHAT) == UsageReport(NO_USAGE, NO_USAGE)
    assert await store.shown_as(CHAT, Ref("t:1")) is None
    assert await store.refs(CHAT, MessageId("1/a")) == ()


async def test_question_and_answer_are_kept_together(store: Store) -> None:
    await store.put(asked("1", "What is 6 × 7?"))
    turn = await claimed(store)
    assert await store.answer_to(turn) is None
    both = await exchange(store, turn, "42")
    await store.commit(turn, both)
    assert await store.messages(CHAT) == (both.question, both.answer)
    assert await store.message(CHAT, both.answer.id) == both.answer
    assert await store.answer_to(turn) == kept(both)
    assert (await store.conversation(CHAT)).head == both.answer.id


async def test_keeping_an_answer_twice_changes_nothing(store: Store) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    both = await exchange(store, turn, "first")
    await store.commit(turn, both)
    await store.commit(turn, both)
    await store.commit(turn, await exchange(store, turn, "second"))
    assert await store.messages(CHAT) == (both.question, both.answer)
    assert (await store.usage(CHAT)).total == USAGE


async def test_an_answer_is_found_by_the_worker_that_takes_over(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1"))
    turn = await claimed(store)
    both = await exchange(store, turn)
    await store.commit(turn, both)
    clock.leap(LEASE)
    assert await store.answer_to(await claimed(store)) == kept(both)


async def test_a_branch_is_read_oldest_first(store: Store) -> None:
    await answered(store, asked("1", "a"), "b")
    await answered(store, asked("2", "c"), "d")
    assert await branch(store) == ["a", "b", "c", "d"]
    assert await branch(store, MessageId("2/q")) == ["a", "b", "c"]
    assert await branch(store, MessageId("nowhere")) == []


@pytest.mark.parametrize(
    ("encoding", "window", "expected"),
    [
        (Encoding.O200K, 1, ["d"]),
        (Encoding.O200K, 20, ["d"]),
        (Encoding.O200K, 21, ["c", "d"]),
        (Encoding.O200K, 30, ["c", "d"]),
        (Encoding.O200K, 31, ["b", "c", "d"]),
        (Encoding.CL100K, 21, ["d"]),
        (Encoding.CL100K, 22, ["c", "d"]),
        (Encoding.O200K, 60, ["a", "b", "c", "d"]),
        (Encoding.O200K, WHOLE, ["a", "b", "c", "d"]),
    ],
)
async def test_a_branch_ends_with_the_window(
    store: Store, encoding: Encoding, window: int, expected: list[str]
) -> None:
    """Questions count 10 (o200k) or 11 (cl100k) tokens here, answers 20 or 21."""
    await answered(store, asked("1", "a"), "b")
    await answered(store, asked("2", "c"), "d")
    path = await store.path(CHAT, MessageId("2/a"), encoding, window)
    assert [message.text for message in path] == expected


async def test_new_starts_another_root(store: Store) -> None:
    await answered(store, asked("1", "a"), "b")
    await store.move(CHAT, None)
    assert (await store.conversation(CHAT)).head is None
    await answered(store, asked("2", "c"), "d")
    assert await branch(store) == ["c", "d"]
    assert [message.id for message in await store.children(CHAT, None)] == ["1/q", "2/q"]


async def test_undo_and_asking_again_make_siblings(store: Store) -> None:
    await answered(store, asked("1", "a"), "b")
    await store.move(CHAT, MessageId("1/q"))
    await answered(store, asked("2", again=MessageId("1/q")), "b2")
    assert await branch(store) == ["a", "b2"]
    assert await branch(store, MessageId("1/a")) == ["a", "b"]
    assert [message.text for message in await store.children(CHAT, MessageId("1/q"))] == ["b", "b2"]
    assert [message.text for message in await store.messages(CHAT)] == ["a", "b", "b2"]


async def test_an_answer_does_not_undo_new(store: Store) -> None:
    """/new while an answer is written: the answer is kept where it belongs, the conversation stays new."""
    await store.put(asked("1"))
    turn = await claimed(store)
    await store.move(CHAT, None)
    await store.commit(turn, await exchange(store, turn))
    now = await store.conversation(CHAT)
    assert (now.head, now.epoch) == (None, 1)
    assert len(await store.messages(CHAT)) == 2


async def test_an_answer_does_not_undo_new_after_its_worker_was_replaced(store: Store, clock: ManualClock) -> None:
    await store.put(asked("1"))
    await claimed(store)
    await store.move(CHAT, None)
    clock.leap(LEASE)
    turn = await claimed(store)
    await store.commit(turn, await exchange(store, turn))
    assert (await store.conversation(CHAT)).head is None


async def test_model_and_persona_hold_for_one_conversation(store: Store) -> None:
    await store.configure(CHAT, model="gpt-5-mini")
    await store.configure(CHAT, persona="poet")
    await store.configure(OTHER)
    assert await store.conversation(CHAT) == Conversation(CHAT, model="gpt-5-mini", persona="poet")
    assert await store.conversation(OTHER) == Conversation(OTHER)
    await store.configure(CHAT, model="")
    assert (await store.conversation(CHAT)).model == ""
    await store.put(asked("1"))
    assert (await claimed(store)).conversation.persona == "poet"


async def test_conversations_never_mix(store: Store) -> None:
    await answered(store, asked("1", "mine", ref=Ref("t:1")), shown=("t:2",))
    await answered(store, asked("2", "yours", conversation=OTHER, ref=Ref("t:1")), shown=("t:2",))
    assert await branch(store) == ["mine", "Fine."]
    assert await branch(store, conversation=OTHER) == ["yours", "Fine."]
    assert await store.shown_as(CHAT, Ref("t:2")) == "1/a"
    assert await store.shown_as(OTHER, Ref("t:2")) == "2/a"
    assert await store.message(OTHER, MessageId("1/q")) is None
    assert await store.path(OTHER, MessageId("1/a"), Encoding.O200K, WHOLE) == ()


async def test_what_the_platform_shows_is_known(store: Store) -> None:
    await store.put(asked("1", ref=Ref("t:1")))
    assert await store.shown_as(CHAT, Ref("t:1")) == "1/q"
    turn = await claimed(store)
    for ref in ("t:9", "t:3", "t:9"):
        await store.remember(turn, Ref(ref))
    assert await store.shown_as(CHAT, Ref("t:3")) == "1/a"
    assert await store.refs(CHAT, MessageId("1/a")) == ("t:9", "t:3")
    assert await store.refs(CHAT, MessageId("1/q")) == ("t:1",)


async def test_usage_is_summed_by_conversation_and_utc_day(store: Store, clock: ManualClock) -> None:
    await answered(store, asked("1"))
    await answered(store, asked("2"))
    await answered(store, asked("3", conversation=OTHER))
    assert await store.usage(CHAT) == UsageReport(USAGE + USAGE, USAGE + USAGE)
    clock.leap(DAY - clock.now() % DAY)
    assert await store.usage(CHAT) == UsageReport(USAGE + USAGE, NO_USAGE)
    await answered(store, asked("4"))
    assert await store.usage(CHAT) == UsageReport(USAGE + USAGE + USAGE, USAGE)


async def test_an_unknown_price_is_not_zero(store: Store) -> None:
    unpriced = replace(USAGE, cost=None)
    await store.put(asked("1"))
    turn = await claimed(store)
    await store.commit(turn, await exchange(store, turn, usage=unpriced))
    await store.finish(turn, Outcome.ANSWERED)
    assert (await store.usage(CHAT)).total == unpriced
    await answered(store, asked("2"))
    assert (await store.usage(CHAT)).total == Usage(200, 80, 40, 10, 1_000, 2)


async def test_large_messages_are_kept_whole(store: Store) -> None:
    question, answer = "frage " * 200_000, "antwort " * 200_000
    await answered(store, asked("1", question), answer)
    assert await branch(store) == [question, answer]


ODD = {
    "nul": "a\x00b",
    "control": "\x01\x1b[31m\r\n\t\x7f",
    "right to left": "abc\u202edef",
    "emoji": "👩🏽‍🚀 ﷽ 𝕏",
    "quotes": "'; DROP TABLE messages; -- \"{}[]\\",
    "newlines": "\n\n",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
async def test_odd_text_is_kept_as_it_is(store: Store, text: str) -> None:
    conversation = ConversationId(f"terminal:{text}")
    await answered(store, asked(f"1{text}", text, conversation, ref=Ref(text)), text, shown=(f"x{text}",))
    assert await branch(store, conversation=conversation) == [text, text]
    assert await store.shown_as(conversation, Ref(text)) == f"1{text}/q"


async def test_lone_surrogates_become_replacement_characters(store: Store) -> None:
    """A platform library may hand out halves of a pair; no store can keep them, and none may fail over them."""
    broken = asked("1\ud800", "a\ud800b \ud83d\ude00", "terminal:\udc80", ref=Ref("t:\ud800"))
    assert await store.put(broken)
    assert not await store.put(broken)
    turn = await claimed(store)
    assert turn.incoming.parts[0].text == "a\ufffdb 😀"
    await store.commit(turn, await exchange(store, turn, "c\udfffd"))
    await store.remember(turn, Ref("u:\ud800"))
    assert await branch(store, conversation=broken.conversation) == ["a\ufffdb 😀", "c\ufffdd"]
    assert await store.shown_as(broken.conversation, Ref("u:\ud800")) == turn.id + "/a"
    assert await store.answer_to(turn) is not None
    await store.finish(turn, Outcome.ANSWERED)


async def test_braces_and_separators_in_names_do_not_confuse(store: Store) -> None:
    for number, name in enumerate(("a{b}c", "{}", "a:b/c", "a/b:c", "*?[x]", " ", "a\nb")):
        await answered(store, asked(f"{number}", name, f"terminal:{name}"))
    for name in ("a{b}c", "{}", "a:b/c", "a/b:c", "*?[x]", " ", "a\nb"):
        found = await store.messages(asked("x", conversation=f"terminal:{name}").conversation)
        assert [message.text for message in found] == [name, "Fine."]

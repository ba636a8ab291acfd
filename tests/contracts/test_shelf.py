"""A person's conversations: listed, searched, renamed, removed."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain import NO_USAGE, Conversation, ConversationId, Incoming, PersonId, Ref, TurnId, UsageReport
from core.domain_sharing import Shelved
from core.errors import LeaseLost
from core.ports import Outcome, Store
from core.stores.codec import removed
from core.stores.copying import copy
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.contracts.conftest import Backend
from tests.contracts.making import CHAT, LANE, LEASE, OTHER, USAGE, answered, asked, branch, claimed, exchange
from tests.support.clock import ManualClock

ADA, GRACE = PersonId("web:ada"), PersonId("web:grace")
DAY = 86_400.0  # seconds


async def _shelve(store: Store, clock: ManualClock, *titles: str) -> None:
    """Conversations of Ada's, named as their titles; the last one is the newest."""
    for title in titles:
        await clock.advance(1.0)
        await store.shelve(ADA, ConversationId(title), title)


async def _titles(store: Store) -> list[str]:
    return [shelved.title for shelved in await store.shelf(ADA)]


async def test_the_newest_activity_stands_first(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    assert await store.shelf(ADA) == ()
    await _shelve(store, clock, "one", "two", "three")
    await store.shelve(GRACE, ConversationId("hers"), "hers")
    await clock.advance(0.25)
    await elsewhere.shelve(ADA, ConversationId("one"), "another title")
    first, *others = await store.shelf(ADA)
    assert first == Shelved(ConversationId("one"), "one", clock.now())
    assert [shelved.title for shelved in others] == ["three", "two"]


async def test_a_title_is_kept_until_it_is_renamed(store: Store, clock: ManualClock) -> None:
    await _shelve(store, clock, "one", "two")
    await store.shelve(ADA, ConversationId("one"), "Besprechung", rename=True)
    await store.shelve(ADA, ConversationId("nowhere"), "title", rename=True)
    assert await _titles(store) == ["two", "Besprechung"]
    await store.shelve(ADA, ConversationId("three"), "")
    await clock.advance(1.0)
    await store.shelve(ADA, ConversationId("three"), "its first words")
    assert (await _titles(store))[0] == "its first words"


async def _talk(store: Store, clock: ManualClock) -> None:
    for name, question, answer in (
        ("web:1", "Wie heißt die STRASSE?", "Lange\nStraße, sagt man."),
        ("web:2", "天气怎么样？", "今天天气很好，适合散步。"),
        ("web:3", 'Say "quoted" and \\ and \x07', "So it is said: " + "word " * 100 + "needle " + "word " * 100),
    ):
        await clock.advance(1.0)
        await answered(store, asked(f"turn {name}", question, conversation=name), answer)
        await store.shelve(ADA, ConversationId(name), f"Titel {name}")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("strasse", ["web:1"]),
        ("STRASSE LANGE", ["web:1"]),
        ("天气", ["web:2"]),
        ("散步 今天", ["web:2"]),
        ('"quoted" \\ \x07', ["web:3"]),
        ("titel", ["web:3", "web:2", "web:1"]),
        ("", ["web:3", "web:2", "web:1"]),
        ("wie sagt", []),  # in two messages
        ("o200k", []),  # in how a message is kept, not in what it says
        ("nowhere", []),
        ("\ud800", []),
    ],
)
async def test_a_search_finds_titles_and_messages(
    store: Store, clock: ManualClock, words: str, found: list[str]
) -> None:
    await _talk(store, clock)
    assert [one.conversation for one in await store.search(ADA, words, 10)] == found
    assert await store.search(GRACE, words, 10) == ()
    assert len(await store.search(ADA, words, 2)) == min(2, len(found))


async def test_what_was_found_is_shown_with_the_words_around_it(store: Store, clock: ManualClock) -> None:
    await _talk(store, clock)
    (needle,) = await store.search(ADA, "needle", 1)
    assert needle.excerpt.startswith("…")
    assert needle.excerpt.endswith("…")
    assert " needle " in needle.excerpt[:60]
    assert len(needle.excerpt) < 200
    (street,) = await store.search(ADA, "man.", 1)
    assert street.excerpt == "Lange Straße, sagt man."
    assert (await store.search(ADA, "titel", 1))[0].excerpt == ""


def _another(event: str, **fields: Any) -> Incoming:
    return asked(event, "Secret?", **fields)


async def _fill(store: Store) -> None:
    """Everything that can lie in a conversation, and a neighbour."""
    await answered(store, _another("kept", ref=Ref("t:1")), "Secret.", shown=("t:2",))
    for event in ("failed", "failed again"):
        await store.put(_another(event))
        await store.finish(await claimed(store), Outcome.FAILED)
    await store.put(_another("aside"))
    await store.set_aside(await claimed(store), "broken")
    await answered(store, asked("neighbour", conversation=OTHER))
    for event in ("running", "waiting"):
        await store.put(_another(event))
    for conversation in (CHAT, OTHER):
        await store.shelve(ADA, conversation, "title")


async def test_a_removed_conversation_is_gone(store: Store, elsewhere: Store, clock: ManualClock) -> None:
    await _fill(store)
    assert await elsewhere.remove(ADA, CHAT) >= 8
    assert await store.conversation(CHAT) == Conversation(CHAT)
    assert await store.messages(CHAT) == ()
    assert await store.shown_as(CHAT, Ref("t:2")) is None
    assert await store.waiting(CHAT) == ()
    assert await store.aside() == ()
    assert [await store.asked(CHAT, TurnId(turn)) for turn in ("failed", "failed again", "waiting")] == [None] * 3
    assert await store.claim([LANE], LEASE) is None
    assert [shelved.conversation for shelved in await store.shelf(ADA)] == [OTHER]
    assert await branch(store, conversation=OTHER) == ["Hello?", "Fine."]
    assert await store.remove(ADA, CHAT) == 0
    async with open_store("sqlite://", clock) as copied:
        await copy(store, copied, lambda *_: None)
        records, _ = await copied.page("", 1_000)
        assert not [record for record in records if "Secret" in record.value or CHAT in record.value]


async def test_what_a_removed_conversation_used_stays_in_the_sums(store: Store) -> None:
    for event in ("1", "2"):
        await answered(store, asked(event))
        await store.remove(ADA, CHAT)
    assert await store.usage(CHAT) == UsageReport(NO_USAGE, NO_USAGE)
    found = [(await store.usage(removed(number))).total for number in range(100)]
    assert [used for used in found if used != NO_USAGE] == [USAGE + USAGE]


async def test_nothing_brings_a_removed_conversation_back(store: Store) -> None:
    """Neither the answer that was being written, nor its question delivered once more."""
    await store.put(asked("1"))
    await store.put(asked("2"))
    turn = await claimed(store)
    await store.remove(ADA, CHAT)
    for late in (
        store.commit(turn, await exchange(store, turn)),
        store.remember(turn, Ref("t:1")),
        store.finish(turn, Outcome.FAILED),
        store.postpone(turn, 0.0, spent=False),
        store.set_aside(turn, "broken"),
    ):
        with pytest.raises(LeaseLost):
            await late
    with pytest.raises(LeaseLost):
        await store.renew(turn, LEASE)
    assert not await store.put(asked("1"))
    assert not await store.put(asked("2"))
    assert await store.claim([LANE], LEASE) is None
    assert await store.messages(CHAT) == ()
    assert (await store.depth()).queued == 0


async def test_a_removed_conversation_may_begin_anew(store: Store) -> None:
    await answered(store, asked("1"))
    await store.remove(ADA, CHAT)
    await answered(store, asked("2", "Again?"))
    assert await branch(store) == ["Again?", "Fine."]


async def test_a_shelf_forgets_as_its_conversations_do(backend: Backend, clock: ManualClock) -> None:
    async with backend.open(StoreOptions(history_ttl=30 * DAY)) as store:
        await _shelve(store, clock, "old", "loved")
        clock.leap(20 * DAY)
        await _shelve(store, clock, "loved")
        clock.leap(20 * DAY)
        await store.sweep()
        assert await _titles(store) == ["loved"]
        clock.leap(20 * DAY)
        assert await store.sweep() > 0
        assert await _titles(store) == []
        assert await store.sweep() == 0


async def test_shelves_move_to_another_store_and_back(store: Store, clock: ManualClock) -> None:
    await _shelve(store, clock, *map(str, range(120)))
    async with open_store("sqlite://", clock) as other:
        assert await copy(store, other, lambda *_: None) == await other.size() == await store.size() == 120
        assert await other.shelf(ADA) == await store.shelf(ADA)
        await other.shelve(ADA, ConversationId("7"), "renamed", rename=True)
        await copy(other, store, lambda *_: None)
        assert await other.shelf(ADA) == await store.shelf(ADA)


async def test_the_turns_of_a_conversation_are_known_while_they_wait(store: Store, elsewhere: Store) -> None:
    assert await store.waiting(CHAT) == ()
    for event in ("1", "2", "3"):
        await store.put(asked(event, f"question {event}"))
    await store.put(asked("5", "joins", group="paste"))
    await store.put(asked("6", "in", group="paste"))
    turn = await claimed(store)
    await store.put(asked("4", conversation=OTHER))
    waiting = await elsewhere.waiting(CHAT)
    assert [(one.event_id, len(one.parts)) for one in waiting] == [("1", 1), ("2", 1), ("3", 1), ("5", 2)]
    await store.finish(turn, Outcome.ANSWERED)
    assert [one.event_id for one in await store.waiting(CHAT)] == ["2", "3", "5"]

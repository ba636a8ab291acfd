"""What every store must do about one person: know where their words are, and delete them wherever that is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import ConversationId, Encoding, Message, PersonId, Ref, Sender, TurnId, answer_id, question_id
from core.domain_limits import Ruling
from core.errors import LeaseLost
from core.ports import Outcome, Store
from core.ports_sharing import Receipts
from core.stores.options import StoreOptions
from tests.contracts.conftest import Backend
from tests.contracts.making import CHAT, LANE, LEASE, OTHER, answered, asked, branch, claimed, exchange

ADA, BOB = Sender(PersonId("terminal:ada"), "Ada"), Sender(PersonId("terminal:bob"), "Bob")
GONE = "(deleted)"


async def _group(store: Store) -> None:
    """Ada and Bob take turns in one conversation."""
    for event, sender, text in (("1", ADA, "Ada's first"), ("2", BOB, "Bob's"), ("3", ADA, "Ada's second")):
        ref = Ref(f"terminal:{event}")
        await answered(store, asked(event, text, sender=sender, author=sender.name, ref=ref), f"To {text}")


async def test_what_was_set_aside_is_known_until_an_operator_drops_it(store: Store) -> None:
    for verb in (store.requeue, store.drop):
        await store.put(asked("1"))
        await store.set_aside(await claimed(store), "the model is gone")
        assert [incoming.event_id for incoming in await store.unanswered(CHAT)] == ["1"]
        assert await verb(TurnId("1"))
        assert await store.unanswered(CHAT) == ()
    assert await store.asked(CHAT, TurnId("1")) is None


async def test_a_voice_is_heard_where_somebody_asked_or_is_quoted(store: Store) -> None:
    await answered(store, asked("1", conversation=CHAT))
    await store.put(asked("2", conversation=OTHER, sender=BOB, quoted=(ADA.id,), background="Ada said: no"))
    assert await store.voices(ADA.id) == (CHAT, OTHER)
    assert await store.company(OTHER) == {BOB.id}
    assert await store.voices(PersonId("terminal:nobody")) == ()


async def test_a_conversation_of_nobody_else_is_removed(store: Store) -> None:
    await answered(store, asked("1"))
    await store.shelve(ADA.id, CHAT, "Ada's title")
    spent = (await store.usage(CHAT)).total
    assert await store.forget_person(ADA.id, GONE) > 2
    assert await store.messages(CHAT) == ()
    assert await store.shelf(ADA.id) == ()
    assert await store.voices(ADA.id) == ()
    assert (await store.usage(CHAT)).total != spent


async def test_among_others_the_words_are_replaced_and_the_tree_stays(store: Store) -> None:
    await _group(store)
    before = await store.messages(CHAT)
    assert await store.forget_person(ADA.id, GONE) >= 4
    assert await branch(store) == [GONE, GONE, "Bob's", "To Bob's", GONE, GONE]
    after = await store.messages(CHAT)
    assert [_frame(message) for message in after] == [_frame(message) for message in before]
    assert [(message.author, message.sender) for message in after if message.text == GONE] == [("", None)] * 4
    assert await store.company(CHAT) == {BOB.id}


def _frame(message: Message) -> object:
    return message.id, message.parent, message.role, message.own, message.total, message.usage


async def test_the_cut_counts_what_is_deleted_as_before(store: Store) -> None:
    await _group(store)
    head = (await store.conversation(CHAT)).head
    before = await store.path(CHAT, head, Encoding.O200K, 70)
    await store.forget_person(ADA.id, GONE)
    after = await store.path(CHAT, head, Encoding.O200K, 70)
    assert [message.id for message in after] == [message.id for message in before]


async def test_a_question_that_is_deleted_is_shown_as_nothing(store: Store) -> None:
    await _group(store)
    await store.forget_person(ADA.id, GONE)
    assert await store.shown_as(CHAT, Ref("terminal:1")) is None
    assert await store.shown_as(CHAT, Ref("terminal:2")) == question_id(TurnId("2"))


async def test_whom_somebody_only_quotes_does_not_keep_a_conversation(store: Store) -> None:
    await answered(store, asked("1", quoted=(BOB.id,), background="Bob said: no"))
    await store.forget_person(ADA.id, GONE)
    assert await store.messages(CHAT) == ()
    assert await store.voices(BOB.id) == ()


async def test_an_admins_permission_goes_and_a_block_stays(store: Store) -> None:
    await store.rule(ADA.id, Ruling.ALLOWED)
    await store.rule(BOB.id, Ruling.BLOCKED)
    await store.forget_person(ADA.id, GONE)
    await store.forget_person(BOB.id, GONE)
    assert await store.rulings() == {BOB.id: Ruling.BLOCKED}


async def test_forgetting_again_finds_nothing(store: Store) -> None:
    await _group(store)
    await store.forget_person(ADA.id, GONE)
    assert await store.forget_person(ADA.id, GONE) == 0


async def test_what_waits_fails_and_is_set_aside_goes_too(store: Store) -> None:
    await _group(store)
    for event, outcome in (("4", "failed"), ("5", "aside"), ("6", "waiting")):
        await store.put(asked(event, f"Ada's {outcome}", sender=ADA))
        if outcome == "failed":
            await store.finish(await claimed(store), Outcome.FAILED)
        elif outcome == "aside":
            await store.set_aside(await claimed(store), "broken")
    assert {incoming.event_id for incoming in await store.unanswered(CHAT)} == {"4", "5"}
    await store.forget_person(ADA.id, GONE)
    assert await store.unanswered(CHAT) == ()
    assert await store.waiting(CHAT) == ()
    assert await store.aside() == ()
    assert (await store.conversation(CHAT)).failed is None
    assert await store.asked(CHAT, TurnId("4")) is None


@pytest.mark.parametrize("event", ["4", f"{ADA.id}/4"])
@pytest.mark.parametrize("conversation", [CHAT, OTHER])
async def test_who_is_at_it_loses_the_lease(
    store: Store, elsewhere: Store, conversation: ConversationId, event: str
) -> None:
    """CHAT has others in it, OTHER is Ada's alone. A name that has hers in it is not kept either."""
    await _group(store)
    await store.put(asked(event, "Ada's third", conversation, sender=ADA))
    turn = await claimed(store)
    await elsewhere.forget_person(ADA.id, GONE)
    with pytest.raises(LeaseLost):
        await store.commit(turn, await exchange(store, turn))
    with pytest.raises(LeaseLost):
        await store.renew(turn, LEASE)
    assert await store.voices(ADA.id) == ()


async def test_whoever_asks_a_deleted_question_again_is_stopped(store: Store) -> None:
    await _group(store)
    await store.put(asked("4", sender=BOB, again=question_id(TurnId("3"))))
    turn = await claimed(store)
    await store.forget_person(ADA.id, GONE)
    with pytest.raises(LeaseLost):
        await store.renew(turn, LEASE)
    assert await store.claim([LANE], LEASE) is None


async def test_what_somebody_else_asked_below_a_deleted_question_may_be_asked_again(store: Store) -> None:
    await answered(store, asked("1", sender=ADA, author="Ada", ref=Ref("terminal:1")))
    await answered(store, asked("2", sender=BOB, author="Bob", reply_to=Ref("terminal:1")))
    await store.put(replace(asked("3", sender=BOB, again=question_id(TurnId("2"))), parts=()))
    await store.forget_person(ADA.id, GONE)
    assert (await claimed(store)).id == "3"


async def test_what_others_quoted_is_left_out(store: Store) -> None:
    bobs = asked("1", "Bob's", sender=BOB)
    await answered(store, replace(bobs, background="Ada said: no", quoted=(ADA.id,)))
    await answered(store, replace(bobs, event_id=TurnId("2"), background="Carol said: yes", quoted=(PersonId("c"),)))
    await store.put(replace(bobs, event_id=TurnId("3"), background="Somebody said: no", overheard="Ada: no"))
    await store.put(asked("4", sender=ADA))
    await store.forget_person(ADA.id, GONE)
    (waits,) = await store.waiting(CHAT)
    assert (waits.background, waits.overheard, waits.parts) == ("", "", bobs.parts)


async def test_an_answer_under_way_with_a_quotation_is_begun_anew_without_it(store: Store) -> None:
    await store.put(asked("1", "Bob's", sender=BOB, background="Ada said: no", quoted=(ADA.id,)))
    turn = await claimed(store)
    await store.forget_person(ADA.id, GONE)
    with pytest.raises(LeaseLost):
        await store.commit(turn, await exchange(store, turn))
    again = await claimed(store)
    assert (again.id, again.incoming.background, again.incoming.quoted) == (turn.id, "", ())


async def test_an_event_that_is_delivered_again_brings_nothing_back(store: Store) -> None:
    mine = asked(f"{ADA.id}/1", conversation=f"{ADA.id}/chat")
    await answered(store, mine)
    await store.forget_person(ADA.id, GONE)
    assert not await store.put(mine)
    assert await store.voices(ADA.id) == ()


async def test_receipts_words_on_their_way_and_bookmarks_go_too(store: Store) -> None:
    home = ConversationId("discord:77")
    await answered(store, asked("1", conversation=home))
    await store.note("discord", "@me/77", 1)
    await store.note("discord", "@me/78", 1)
    await _receipt(store, f"{ADA.id}/key")
    await _receipt(store, f"{BOB.id}/key")
    await store.publish(ADA.id, "words")
    await store.publish("turn:1", "words")
    await store.forget_person(ADA.id, GONE)
    assert await store.places("discord") == {"@me/78": 1}
    assert await store.newest(ADA.id) == await store.newest("turn:1") == ""
    assert (await store.open_receipt(f"{ADA.id}/key", "x", LEASE)).token
    assert (await store.open_receipt(f"{BOB.id}/key", "x", LEASE)).body == "done"


async def _receipt(store: Receipts, key: str) -> None:
    receipt = await store.open_receipt(key, "x", LEASE)
    await store.close_receipt(key, receipt.token, "done")


async def test_a_copy_knows_the_voices(store: Store) -> None:
    await answered(store, asked("1"))
    records, cursor = await store.page("", 1_000)
    while cursor:
        more, cursor = await store.page(cursor, 1_000)
        records += more
    await store.remove(ADA.id, CHAT)
    assert await store.voices(ADA.id) == ()
    await store.load(records)
    assert await store.voices(ADA.id) == (CHAT,)
    assert await store.message(CHAT, answer_id(TurnId("1")))


async def test_with_its_conversation_a_voice_expires(backend: Backend) -> None:
    async with backend.open(StoreOptions(history_ttl=60.0)) as store:
        await answered(store, asked("1"))
        backend.clock.leap(61.0)
        await store.sweep()
        assert await store.voices(ADA.id) == ()

"""Short ways to say what a contract test needs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from core.domain import (
    Answer,
    ConversationId,
    Encoding,
    Exchange,
    Finish,
    Incoming,
    Message,
    MessageId,
    PersonId,
    Ref,
    Role,
    Sender,
    TextPart,
    Tokens,
    Turn,
    TurnId,
    Usage,
    answer_id,
    question_id,
)
from core.ports import Outcome, Store
from tests.support.clock import ManualClock

LEASE = 30.0  # seconds
LANE = "terminal"
CHAT = ConversationId("terminal:default")
OTHER = ConversationId("terminal:other")
USAGE = Usage(prompt=100, cached=40, completion=20, reasoning=5, cost=1_000)


def asked(event: str, text: str = "Hello?", conversation: str = CHAT, **fields: Any) -> Incoming:
    """A message as an adapter would put it."""
    plain = Incoming(
        event_id=TurnId(event),
        conversation=ConversationId(conversation),
        lane=LANE,
        sender=Sender(PersonId("terminal:ada"), "Ada"),
        parts=(TextPart(text),),
        sent_at=1_800_000_000.0,
    )
    return replace(plain, **fields)


async def claimed(store: Store, lane: str = LANE) -> Turn:
    """The next turn, which must be there."""
    turn = await store.claim([lane], LEASE)
    assert turn is not None, "nothing to claim"
    return turn


async def exchange(store: Store, turn: Turn, text: str = "Fine.", usage: Usage = USAGE) -> Exchange:
    """An answer of 20 tokens to the turn's question of 10, both following the turn's parent."""
    conversation, again = turn.incoming.conversation, turn.incoming.again
    before = await store.message(conversation, turn.parent) if turn.parent else None
    total, question = before.total if before else Tokens(), None
    if again is None:
        total += Tokens(10, 11)
        question = Message(
            id=question_id(turn.id),
            parent=turn.parent,
            role=Role.USER,
            parts=turn.incoming.parts,
            at=turn.incoming.sent_at,
            own=Tokens(10, 11),
            total=total,
            sender=turn.incoming.sender.id,
        )
    answer = Message(
        id=answer_id(turn.id),
        parent=question.id if question else turn.parent,
        role=Role.ASSISTANT,
        parts=(TextPart(text),),
        at=turn.incoming.sent_at + 1,
        own=Tokens(20, 21),
        total=total + Tokens(20, 21),
        model="scripted",
        finish=Finish.STOP,
        usage=usage,
    )
    return Exchange(question, answer)


async def answered(store: Store, incoming: Incoming, text: str = "Fine.", shown: tuple[str, ...] = ()) -> Turn:
    """One whole turn: asked, claimed, shown, kept, finished."""
    await store.put(incoming)
    turn = await claimed(store, incoming.lane)
    assert turn.id == incoming.event_id, f"{turn.id} was in front"
    for ref in shown:
        await store.remember(turn, Ref(ref))
    await store.commit(turn, await exchange(store, turn, text))
    await store.finish(turn, Outcome.ANSWERED)
    return turn


async def branch(store: Store, leaf: MessageId | None = None, conversation: ConversationId = CHAT) -> list[str]:
    """The texts from the root to *leaf* (None: the head)."""
    head = (await store.conversation(conversation)).head
    path = await store.path(conversation, leaf or head, encoding=Encoding.O200K, window=1_000_000)
    return [message.text for message in path]


async def woken(clock: ManualClock, waiting: asyncio.Task[frozenset[TurnId]]) -> frozenset[TurnId]:
    """What a `wait` returns that something else than its own deadline must end. Time passes in small steps, for the
    stores that look from time to time."""
    start = clock.now()
    while clock.now() < start + 10:
        await clock.advance(0.05)
        if (await asyncio.wait({waiting}, timeout=0.01))[0]:
            return waiting.result()
    waiting.cancel()
    raise AssertionError("nobody woke the waiting worker")


def kept(exchange: Exchange) -> Answer:
    """The answer as it is shown."""
    message = exchange.answer
    assert message.finish is not None
    assert message.usage is not None
    return Answer(message.id, message.text, message.model, message.finish, message.usage)

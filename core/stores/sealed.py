"""A store whose text is sealed, over any other one: it sees sealed text only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from core.domain import (
    Answer,
    Conversation,
    ConversationId,
    Encoding,
    Exchange,
    Incoming,
    Message,
    MessageId,
    PersonId,
    Record,
    Turn,
    TurnId,
)
from core.domain_sharing import FeedEvent, Found, Receipt, Shelved, Unsaid
from core.errors import StoreSealed
from core.ports import Outcome, Store
from core.ports_sharing import Following
from core.stores import codec
from core.stores.sealing import Rewriting, Seal
from core.stores.searching import Words, search

_PROOF = "sealed text"
"""The name of the first secret that shows whether the keys are those of this store. There is one by each key that sealed
anything since: old keys alone may open the first, and not what was said last."""


class SealedStore:
    """`core.ports.Store`. What holds no text passes through as it is."""

    def __init__(self, store: Store, seal: Seal) -> None:
        self._store = store
        self._seal = seal
        self._closing = Rewriting(seal.close)
        self._opening = Rewriting(seal.open)
        self._proofs: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def prove(self, *, read_only: bool = False) -> None:
        """Raises StoreSealed where some of what is kept was sealed with other keys."""
        while await self._proved(""):
            pass
        while not read_only and not any(map(self._seal.is_by_newest, self._proofs)):
            await self._proved(self._seal.close(_PROOF))

    async def _proved(self, candidate: str) -> bool:
        """The next proof; *candidate* where there is none yet. Whether there was one or is now."""
        number = len(self._proofs) + 1
        proof = await self._store.secret(_PROOF if number == 1 else f"{_PROOF} {number}", candidate)
        if not proof:
            return False
        if not self._seal.opens(proof):
            keys = "neither `privacy.key` nor among `privacy.old_keys`"
            raise StoreSealed(f"{self.description}: what people said is sealed there with a key that is {keys}.")
        self._proofs.append(proof)
        return True

    async def conversation(self, conversation: ConversationId) -> Conversation:
        return self._opening.conversation(await self._store.conversation(conversation))

    async def message(self, conversation: ConversationId, message: MessageId) -> Message | None:
        found = await self._store.message(conversation, message)
        return found and self._opening.message(found)

    async def path(
        self, conversation: ConversationId, leaf: MessageId | None, encoding: Encoding, window: int
    ) -> tuple[Message, ...]:
        return self._opened(await self._store.path(conversation, leaf, encoding, window))

    async def children(self, conversation: ConversationId, parent: MessageId | None) -> tuple[Message, ...]:
        return self._opened(await self._store.children(conversation, parent))

    async def messages(self, conversation: ConversationId) -> tuple[Message, ...]:
        return self._opened(await self._store.messages(conversation))

    def _opened(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        return tuple(map(self._opening.message, messages))

    async def answer_to(self, turn: Turn) -> Answer | None:
        found = await self._store.answer_to(turn)
        return found and replace(found, text=self._seal.open(found.text))

    async def commit(self, turn: Turn, exchange: Exchange) -> None:
        question = exchange.question and self._closing.message(exchange.question)
        await self._store.commit(turn, Exchange(question, self._closing.message(exchange.answer)))

    async def put(self, incoming: Incoming) -> bool:
        return await self._store.put(self._closing.incoming(incoming))

    async def claim(self, lanes: Collection[str], lease: float) -> Turn | None:
        found = await self._store.claim(lanes, lease)
        return found and self._opening.turn(found)

    async def finish(self, turn: Turn, outcome: Outcome) -> None:
        await self._store.finish(self._closing.turn(turn), outcome)

    async def set_aside(self, turn: Turn, reason: str) -> None:
        await self._store.set_aside(self._closing.turn(turn), reason)

    async def asked(self, conversation: ConversationId, turn: TurnId) -> Incoming | None:
        found = await self._store.asked(conversation, turn)
        return found and self._opening.incoming(found)

    async def waiting(self, conversation: ConversationId) -> tuple[Incoming, ...]:
        return tuple(map(self._opening.incoming, await self._store.waiting(conversation)))

    async def unanswered(self, conversation: ConversationId) -> tuple[Incoming, ...]:
        return tuple(map(self._opening.incoming, await self._store.unanswered(conversation)))

    async def publish(self, feed: str, event: str) -> str:
        return await self._store.publish(feed, self._seal.close(event))

    @asynccontextmanager
    async def follow(self, feed: str, after: str | None) -> AsyncIterator[Following]:
        async with self._store.follow(feed, after) as following:
            yield _Opened(following, self._seal)

    async def shelve(self, owner: PersonId, conversation: ConversationId, title: str, *, rename: bool = False) -> None:
        await self._store.shelve(owner, conversation, self._seal.close(title), rename=rename)

    async def shelf(self, owner: PersonId) -> tuple[Shelved, ...]:
        found = await self._store.shelf(owner)
        return tuple(replace(shelved, title=self._seal.open(shelved.title)) for shelved in found)

    async def search(self, owner: PersonId, words: str, limit: int) -> tuple[Found, ...]:
        wanted = Words(words)

        async def look(conversation: ConversationId, most: int) -> tuple[int, str | None]:
            messages = (await self._store.messages(conversation))[::-1][:most]
            texts = (self._opening.message(message).text for message in messages)
            # Opening thousands of them takes its time.
            return len(messages), await asyncio.to_thread(wanted.first_excerpt, texts)

        return await search(await self.shelf(owner), wanted, limit, look)

    async def open_receipt(self, key: str, digest: str, lease: float) -> Receipt:
        found = await self._store.open_receipt(key, digest, lease)
        return replace(found, body=self._seal.open(found.body))

    async def close_receipt(self, key: str, token: int, body: str | None) -> None:
        await self._store.close_receipt(key, token, body and self._seal.close(body))

    async def owe(self, unsaid: Unsaid, lease: float) -> Unsaid:
        owed = await self._store.owe(self._closed(unsaid), lease)
        return replace(unsaid, token=owed.token)

    async def renew_unsaid(self, unsaid: Unsaid, lease: float) -> None:
        await self._store.renew_unsaid(self._closed(unsaid), lease)

    async def take_unsaid(self, lane: str, lease: float) -> tuple[Unsaid, ...]:
        found = await self._store.take_unsaid(lane, lease)
        return tuple(replace(unsaid, body=self._seal.open(unsaid.body)) for unsaid in found)

    def _closed(self, unsaid: Unsaid) -> Unsaid:
        return replace(unsaid, body=self._seal.close(unsaid.body))

    async def page(self, cursor: str, limit: int) -> tuple[tuple[Record, ...], str]:
        records, following = await self._store.page(cursor, limit)
        return tuple(self._opening.record(record) for record in records if not _is_proof(record)), following

    async def load(self, records: Sequence[Record]) -> None:
        await self._store.load([self._closing.record(record) for record in records if not _is_proof(record)])

    async def size(self) -> int:
        return await self._store.size() - len(self._proofs)  # which are not copied


class _Opened:
    """A `Following` whose events are opened."""

    def __init__(self, following: Following, seal: Seal) -> None:
        self._following = following
        self._seal = seal

    async def next(self) -> Sequence[FeedEvent]:
        return [replace(event, data=self._seal.open(event.data)) for event in await self._following.next()]


def _is_proof(record: Record) -> bool:
    """That is for the keys of one store, and every other one has its own."""
    return record.kind == codec.SECRET_RECORD and record.key.startswith(_PROOF)


async def sealed(store: Store, keys: Sequence[str], *, read_only: bool) -> Store:
    """*store* itself where there are no keys. Raises StoreSealed where what is kept was sealed with none of them."""
    if keys:
        over = SealedStore(store, Seal(keys))
        await over.prove(read_only=read_only)
        return cast("Store", over)
    if await store.secret(_PROOF, ""):
        raise StoreSealed(f"{store.description}: what people said is sealed there; `privacy.key` is missing.")
    return store

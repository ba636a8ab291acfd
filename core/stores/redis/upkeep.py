"""Copying into this store, forgetting, learnt facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial

from core.domain import ModelFacts, Record
from core.errors import StoreError
from core.stores import codec
from core.stores.codec import storable
from core.stores.purses import PURSE_RECORD
from core.stores.redis import health, paging
from core.stores.redis.database import FACTS, SECRETS, Database
from core.stores.redis.files import catch_up
from core.stores.redis.purses import filling, sweep_purses
from core.stores.redis.rulings import RULINGS, put_ruling
from core.stores.redis.scripts import Call
from core.stores.redis.sharing import noting
from core.stores.redis.shelf import shelving
from core.stores.redis.tallies import SEEN, seeing, seen_key, tally_records, tallying
from core.stores.redis.values import conversation_fields, message_arguments, turn_fields, usage_fields
from core.stores.redis.voices import voicing
from core.stores.rulings import RULING_RECORD, RULING_ROW
from core.stores.tallies import SEEN_RECORD, TALLY_RECORD

_AT_ONCE = 100
"""Records or deletions that one round trip takes, so that nobody else waits long."""


class RedisUpkeep:
    _database: Database

    @property
    def description(self) -> str:
        return self._database.link.place

    async def warnings(self) -> tuple[str, ...]:
        return await health.warnings(self._database.link, self._database.options.replicas)

    async def facts(self) -> dict[str, ModelFacts]:
        known = await self._database.link.execute("HGETALL", FACTS)
        return {model: codec.FACTS.decode(text) for model, text in known.items()}

    async def learn(self, model: str, facts: ModelFacts) -> None:
        await self._database.link.execute("HSET", FACTS, storable(model), codec.FACTS.encode(facts))

    async def probe(self) -> None:
        await self._database.agree(self._database.time.now())

    async def sweep(self) -> int:
        rows, more = await sweep_purses(self._database), True
        while more:
            found = await self._database.run_everywhere("sweep", _AT_ONCE)
            rows += sum(deleted for deleted, _ in found)
            more = any(again for _, again in found)
        await catch_up(self._database.link)
        return rows

    async def page(self, cursor: str, limit: int) -> tuple[tuple[Record, ...], str]:
        return await paging.page(self._database, cursor, limit)

    async def size(self) -> int:
        shared: list[int] = [await self._database.link.execute("HLEN", key) for key in (FACTS, SECRETS, RULINGS)]
        shared += [await self._database.link.execute("ZCARD", seen_key(self._database, whose)) for whose in SEEN]
        rows: list[int] = await self._database.run_everywhere("size")
        return sum(shared) + sum(rows) + len(await tally_records(self._database))

    async def load(self, records: Sequence[Record]) -> None:
        calls = []
        for record in records:
            if record.kind == codec.FACTS_RECORD:
                row = codec.FACTS_ROW.decode(record.value)
                await self.learn(row.model, row.facts)
            elif record.kind == codec.SECRET_RECORD:
                secret = codec.SECRET_ROW.decode(record.value)
                await self._database.link.execute("HSETNX", SECRETS, secret.name, secret.value)
            elif record.kind == RULING_RECORD:
                await put_ruling(self._database.link, RULING_ROW.decode(record.value))
            else:
                calls.append(self._loading(record))
        calls += voicing(self._database, records)
        for start in range(0, len(calls), _AT_ONCE):
            await self._database.link.run_all(calls[start : start + _AT_ONCE])

    def _loading(self, record: Record) -> Call:
        loaders: dict[str, Callable[[str], Call]] = {
            codec.CONVERSATION_RECORD: self._conversation,
            codec.MESSAGE_RECORD: self._message,
            codec.REF_RECORD: self._ref,
            codec.USAGE_RECORD: self._usage,
            codec.BOOKMARK_RECORD: self._bookmark,
            codec.SHELF_RECORD: self._shelved,
            codec.RECEIPT_RECORD: self._receipt,
            PURSE_RECORD: partial(filling, self._database),
            TALLY_RECORD: partial(tallying, self._database),
            SEEN_RECORD: partial(seeing, self._database),
            codec.TURN_RECORD: self._turn,
        }
        if record.kind not in loaders:
            raise StoreError(f"this version does not know records of the kind {record.kind}")
        return loaders[record.kind](record.value)

    def _conversation(self, text: str) -> Call:
        row = codec.CONVERSATION.decode(text)
        partition = self._database.partition(row.id)
        return self._database.call("load_conversation", partition, row.id, *conversation_fields(row))

    def _message(self, text: str) -> Call:
        row = codec.MESSAGE_ROW.decode(text)
        partition = self._database.partition(row.conversation)
        words = message_arguments(row.message)
        return self._database.call("load_message", partition, row.conversation, row.position, *words)

    def _ref(self, text: str) -> Call:
        row = codec.REF_ROW.decode(text)
        partition = self._database.partition(row.conversation)
        return self._database.call("load_ref", partition, row.conversation, row.position, row.ref, row.message)

    def _usage(self, text: str) -> Call:
        row = codec.USAGE_ROW.decode(text)
        partition = self._database.partition(row.conversation)
        return self._database.call("load_usage", partition, row.conversation, row.day, *usage_fields(row.usage))

    def _bookmark(self, text: str) -> Call:
        return noting(self._database, codec.BOOKMARK_ROW.decode(text))

    def _shelved(self, text: str) -> Call:
        return shelving(self._database, codec.SHELF_ROW.decode(text), instead=True)

    def _receipt(self, text: str) -> Call:
        row = codec.RECEIPT_ROW.decode(text)
        answered = () if row.body is None else (row.body,)
        arguments = (row.key, row.digest, row.expires, *answered)
        return self._database.call("load_receipt", self._database.partition(row.key), *arguments)

    def _turn(self, text: str) -> Call:
        row = codec.TURN_ROW.decode(text)
        conversation = row.incoming.conversation
        events = json.dumps([event for event in row.events if event != row.turn])
        at = row.aside.at if row.aside else ""
        arguments = (row.turn, conversation, row.position, events, at, *turn_fields(row))
        return self._database.call("load_turn", self._database.partition(conversation), *arguments)

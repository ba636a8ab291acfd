"""Reading everything, page by page, with the scans of Redis: what stays there the whole time is read at least once."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from core.domain import ConversationId, MessageId, Record, Ref, TurnId
from core.domain_limits import Whose
from core.stores import codec
from core.stores.codec import record_key
from core.stores.redis.database import FACTS, SECRETS, Database
from core.stores.redis.purses import record_of
from core.stores.redis.rulings import ruling_records
from core.stores.redis.tallies import HOME, SEEN, seen_key, seen_record, tally_records
from core.stores.redis.values import (
    bookmark_row,
    conversation_of,
    fields_of,
    message_row,
    receipt_row,
    turn_row,
    usage_by_day,
)

_END = "0"
"""The cursor with which a scan begins and ends."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a copy has come: in which partition, doing what (`_STEPS`), at which cursor of a scan. conversations:
    those found and not yet read to the end."""

    partition: int = 0
    step: int = 0
    scan: str = _END
    conversations: tuple[str, ...] = ()
    inner: str = _END
    part: int = 0


async def page(database: Database, cursor: str, limit: int) -> tuple[tuple[Record, ...], str]:
    """As `core.ports.Store.page`; the cursor is JSON of a `Place`."""
    place: Place | None = _place(cursor)
    records: list[Record] = []
    while place and len(records) < limit:
        found, place = await _Reader(database, place, limit).read()
        records += found
    return tuple(records), json.dumps(asdict(place)) if place else ""


def _place(cursor: str) -> Place:
    if not cursor:
        return Place()
    fields = json.loads(cursor)
    return Place(**fields | {"conversations": tuple(fields["conversations"])})


Found = tuple[list[Record], Place | None]


class _Reader:
    """One round trip or two of a copy."""

    def __init__(self, database: Database, place: Place, limit: int) -> None:
        self._database = database
        self._place = place
        self._limit = str(limit)
        self._partition = database.partitions[place.partition]

    async def read(self) -> Found:
        if self._place.conversations:
            return await self._conversation(ConversationId(self._place.conversations[0]))
        steps = (
            self._shared,
            self._bookmarks,
            self._conversations,
            self._shelves,
            self._receipts,
            self._purses,
            partial(self._seen, SEEN[0]),
            partial(self._seen, SEEN[1]),
            self._open,
            self._aside,
        )
        return await steps[self._place.step]()

    async def _shared(self) -> Found:
        following = replace(self._place, step=1)
        if self._place.partition:
            return [], following
        said = await ruling_records(self._database.link) + await tally_records(self._database)
        return [*await self._facts(), *await self._secrets(), *said], following

    async def _facts(self) -> list[Record]:
        known = await self._database.link.execute("HGETALL", FACTS)
        rows = [codec.FactsRow(model, codec.FACTS.decode(text)) for model, text in sorted(known.items())]
        return [_record(codec.FACTS_RECORD, codec.FACTS_ROW.encode(row), row.model) for row in rows]

    async def _secrets(self) -> list[Record]:
        known = await self._database.link.execute("HGETALL", SECRETS)
        rows = [codec.SecretRow(name, value) for name, value in sorted(known.items())]
        return [_record(codec.SECRET_RECORD, codec.SECRET_ROW.encode(row), row.name) for row in rows]

    async def _scanned(self, script: str, *arguments: str) -> tuple[str, list[Any]]:
        call = self._database.call(script, self._partition, *arguments, self._place.scan, self._limit)
        scan, found = await self._database.link.run(call)
        return str(scan), found

    async def _bookmarks(self) -> Found:
        scan, found = await self._scanned("bookmarks")
        rows = [bookmark_row(*marked) for marked in found]
        records = [_record(codec.BOOKMARK_RECORD, codec.BOOKMARK_ROW.encode(row), row.lane, row.place) for row in rows]
        return records, self._after(scan)

    async def _shelves(self) -> Found:
        scan, found = await self._scanned("shelves")
        rows = [codec.ShelfRow(owner, name, title, float(at)) for owner, name, title, at in found]
        texts = [(codec.SHELF_ROW.encode(row), row) for row in rows]
        return [_record(codec.SHELF_RECORD, text, row.owner, row.conversation) for text, row in texts], self._after(
            scan
        )

    async def _purses(self) -> Found:
        scan, found = await self._scanned("purses")
        return [record_of(*purse) for purse in found], self._after(scan)

    async def _receipts(self) -> Found:
        scan, found = await self._scanned("receipts")
        rows = [receipt_row(*receipt) for receipt in found]
        return [_record(codec.RECEIPT_RECORD, codec.RECEIPT_ROW.encode(row), row.key) for row in rows], self._after(
            scan
        )

    async def _conversations(self) -> Found:
        key = f"{self._partition}:conversations"
        scan, found = await self._database.link.execute("ZSCAN", key, self._place.scan, "COUNT", "20")
        conversations = tuple(dict.fromkeys(name for name, _ in found))
        return [], self._after(str(scan), conversations)

    async def _seen(self, whose: Whose) -> Found:
        if self._partition != self._database.partition(HOME):
            return [], self._after(_END)
        key = seen_key(self._database, whose)
        scan, found = await self._database.link.execute("ZSCAN", key, self._place.scan, "COUNT", self._limit)
        return [seen_record(whose, *entry) for entry in found], self._after(str(scan))

    async def _open(self) -> Found:
        return await self._turns("open")

    async def _aside(self) -> Found:
        return await self._turns("aside")

    async def _turns(self, which: str) -> Found:
        scan, found = await self._scanned("turns", which)
        rows = [turn_row(TurnId(turn), fields_of(fields), events) for turn, fields, events in found]
        return [_record(codec.TURN_RECORD, codec.TURN_ROW.encode(row), row.turn) for row in rows], self._after(scan)

    def _after(self, scan: str, conversations: tuple[str, ...] = ()) -> Place | None:
        """The next page of this scan; after the last one the next step, after the last step the next partition."""
        place = replace(self._place, scan=scan, conversations=conversations)
        if scan != _END:
            return place
        place = replace(place, step=place.step + 1)
        if place.step < _STEPS:
            return place
        following = place.partition + 1
        return Place(following) if following < len(self._database.partitions) else None

    async def _conversation(self, conversation: ConversationId) -> Found:
        parts = (self._settings, self._messages, self._refs)
        records, scan = await parts[self._place.part](conversation)
        if scan != _END:
            return records, replace(self._place, inner=scan)
        if self._place.part + 1 < len(parts):
            return records, replace(self._place, inner=_END, part=self._place.part + 1)
        return records, replace(self._place, conversations=self._place.conversations[1:], inner=_END, part=0)

    async def _settings(self, conversation: ConversationId) -> tuple[list[Record], str]:
        link, key = self._database.link, self._database.key
        row = conversation_of(conversation, await link.execute("HGETALL", key("c", conversation)))
        records = [_record(codec.CONVERSATION_RECORD, codec.CONVERSATION.encode(row), conversation)]
        for day, usage in usage_by_day(await link.execute("HGETALL", key("u", conversation))).items():
            text = codec.USAGE_ROW.encode(codec.UsageRow(conversation, day, usage))
            records.append(_record(codec.USAGE_RECORD, text, conversation, day))
        return records, _END

    async def _messages(self, conversation: ConversationId) -> tuple[list[Record], str]:
        scan, found = await self._hash("m", conversation)
        rows = [message_row(conversation, packed) for packed in found.values()]
        texts = [(codec.MESSAGE_ROW.encode(row), row.message.id) for row in rows]
        return [_record(codec.MESSAGE_RECORD, text, conversation, message) for text, message in texts], scan

    async def _refs(self, conversation: ConversationId) -> tuple[list[Record], str]:
        scan, found = await self._hash("r", conversation)
        records = []
        for ref, entry in found.items():
            position, _, message = entry.partition(" ")
            row = codec.RefRow(conversation, int(position), Ref(ref), MessageId(message))
            records.append(_record(codec.REF_RECORD, codec.REF_ROW.encode(row), conversation, ref))
        return records, scan

    async def _hash(self, kind: str, conversation: ConversationId) -> tuple[str, dict[str, Any]]:
        key = self._database.key(kind, conversation)
        scan, found = await self._database.link.execute("HSCAN", key, self._place.inner, "COUNT", self._limit)
        return str(scan), found


_STEPS = 10
"""Facts, secrets, rulings and tallies (in the first partition), bookmarks, conversations, shelves, receipts, purses, people and
chats that asked, turns that wait or are held, turns that are set aside."""


def _record(kind: str, value: str, *key: str) -> Record:
    return Record(kind, record_key(*key), value)

"""Who has words in which conversation. That is noted in the conversation's partition with each message that is stored; what
older versions stored is read once, when somebody first asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.domain import ConversationId, PersonId, Record
from core.stores import codec
from core.stores.forgetting import Heard, heard_in
from core.stores.redis import paging
from core.stores.redis.database import INDEXED, META, Database
from core.stores.redis.purses import HOME
from core.stores.redis.scripts import Call

_AT_ONCE = 500  # records that one step reads


async def voices(database: Database, person: PersonId) -> tuple[ConversationId, ...]:
    await _index(database)
    found = await database.run_everywhere("voices", person)
    return tuple(sorted(ConversationId(name) for names in found for name in names))


def voicing(database: Database, records: Iterable[Record]) -> Iterator[Call]:
    """The steps that note whose words *records* have."""
    for record in records:
        name, heard = _heard(record)
        if heard.people:
            yield database.call("voice", database.partition(name), name, heard.speaker or "", *heard.quoted)


async def _index(database: Database) -> None:
    if await database.link.execute("HGET", META, INDEXED):
        return
    cursor, more = "", True
    while more:
        records, cursor = await paging.page(database, cursor, _AT_ONCE)
        await database.link.run_all(list(voicing(database, records)))
        more = bool(cursor)
    await database.run("forget_purses", HOME)
    await database.link.execute("HSET", META, INDEXED, "1")


def _heard(record: Record) -> tuple[ConversationId, Heard]:
    if record.kind == codec.MESSAGE_RECORD:
        row = codec.MESSAGE_ROW.decode(record.value)
        return row.conversation, heard_in(row.message)
    if record.kind == codec.TURN_RECORD:
        incoming = codec.TURN_ROW.decode(record.value).incoming
        return incoming.conversation, heard_in(incoming)
    if record.kind == codec.CONVERSATION_RECORD:
        conversation = codec.CONVERSATION.decode(record.value)
        return conversation.id, heard_in(conversation.failed)
    return ConversationId(""), Heard()

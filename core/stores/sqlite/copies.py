"""The operations that copy: rows out of the tables as records, and records back into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from core.domain import Conversation, ConversationId, Record, SetAside, TurnId
from core.errors import StoreError
from core.stores import codec
from core.stores.codec import (
    BookmarkRow,
    MessageRow,
    ReceiptRow,
    RefRow,
    SecretRow,
    ShelfRow,
    TurnRow,
    UsageRow,
    record_key,
)
from core.stores.forgetting import heard_in
from core.stores.purses import PURSE_RECORD
from core.stores.rulings import RULING_RECORD
from core.stores.sqlite import messages, receipts, sharing, shelf, turns, voices
from core.stores.sqlite.database import Session, Value
from core.stores.sqlite.purses import read_purse, write_purse
from core.stores.sqlite.rulings import read_ruling, write_ruling
from core.stores.sqlite.tallies import read_seen, read_tally, write_seen, write_tally
from core.stores.tallies import SEEN_RECORD, TALLY_RECORD

_TABLES = {
    codec.CONVERSATION_RECORD: "conversations",
    codec.MESSAGE_RECORD: "messages",
    codec.REF_RECORD: "refs",
    codec.USAGE_RECORD: "ledger",
    codec.FACTS_RECORD: "facts",
    codec.BOOKMARK_RECORD: "bookmarks",
    codec.SHELF_RECORD: "shelf",
    codec.SECRET_RECORD: "secrets",
    codec.RECEIPT_RECORD: "receipts",
    PURSE_RECORD: "purses",
    RULING_RECORD: "rulings",
    TALLY_RECORD: "tallies",
    SEEN_RECORD: "marks",
    codec.TURN_RECORD: "turns",
}
_KINDS = tuple(_TABLES)


def size(session: Session) -> int:
    return sum(session.value(f"SELECT COUNT(*) FROM {table}") for table in _TABLES.values())  # noqa: S608  # our names


def page(session: Session, cursor: str, limit: int) -> tuple[tuple[Record, ...], str]:
    """The cursor is the kind and the row where the page before ended. Raises StoreError for one that is neither."""
    kind, _, after = (cursor or f"{_KINDS[0]}:0").partition(":")
    if kind not in _TABLES or not after.isdecimal():
        raise StoreError("This is not the cursor of a page of this store.")
    rows = session.all(
        f"SELECT seq FROM {_TABLES[kind]} WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608  # our own names
        int(after),
        limit,
    )
    records = tuple(_READ[kind](session, seq) for (seq,) in rows)
    if len(rows) == limit:
        return records, f"{kind}:{rows[-1][0]}"
    following = _KINDS.index(kind) + 1
    return records, f"{_KINDS[following]}:0" if following < len(_KINDS) else ""


def _read_conversation(session: Session, seq: int) -> Record:
    name = session.value("SELECT id FROM conversations WHERE seq = ?", seq)
    value = codec.CONVERSATION.encode(messages.conversation(session, name))
    return Record(codec.CONVERSATION_RECORD, name, value)


def _read_message(session: Session, seq: int) -> Record:
    name, position, body = session.one("SELECT conversation, position, body FROM messages WHERE seq = ?", seq)
    row = MessageRow(name, position, codec.MESSAGE.decode(body))
    return Record(codec.MESSAGE_RECORD, record_key(name, row.message.id), codec.MESSAGE_ROW.encode(row))


def _read_ref(session: Session, seq: int) -> Record:
    row = RefRow(*session.one("SELECT conversation, position, ref, message FROM refs WHERE seq = ?", seq))
    return Record(codec.REF_RECORD, record_key(row.conversation, row.ref), codec.REF_ROW.encode(row))


def _read_usage(session: Session, seq: int) -> Record:
    name, day, body = session.one("SELECT conversation, day, body FROM ledger WHERE seq = ?", seq)
    row = UsageRow(name, day, codec.USAGE.decode(body))
    return Record(codec.USAGE_RECORD, record_key(name, day), codec.USAGE_ROW.encode(row))


def _read_facts(session: Session, seq: int) -> Record:
    model, body = session.one("SELECT model, body FROM facts WHERE seq = ?", seq)
    value = codec.FACTS_ROW.encode(codec.FactsRow(model, codec.FACTS.decode(body)))
    return Record(codec.FACTS_RECORD, model, value)


def _read_bookmark(session: Session, seq: int) -> Record:
    row = BookmarkRow(*session.one("SELECT lane, place, position, noted FROM bookmarks WHERE seq = ?", seq))
    return Record(codec.BOOKMARK_RECORD, record_key(row.lane, row.place), codec.BOOKMARK_ROW.encode(row))


def _read_shelved(session: Session, seq: int) -> Record:
    row = ShelfRow(*session.one("SELECT owner, conversation, title, at FROM shelf WHERE seq = ?", seq))
    return Record(codec.SHELF_RECORD, record_key(row.owner, row.conversation), codec.SHELF_ROW.encode(row))


def _read_secret(session: Session, seq: int) -> Record:
    row = SecretRow(*session.one("SELECT name, value FROM secrets WHERE seq = ?", seq))
    return Record(codec.SECRET_RECORD, row.name, codec.SECRET_ROW.encode(row))


def _read_receipt(session: Session, seq: int) -> Record:
    row = ReceiptRow(*session.one("SELECT key, digest, body, expires FROM receipts WHERE seq = ?", seq))
    return Record(codec.RECEIPT_RECORD, row.key, codec.RECEIPT_ROW.encode(row))


def _read_turn(session: Session, seq: int) -> Record:
    turn, name, position, incoming, ready, attempts, fixed, parent, epoch, revised, stop, aside, reason = session.one(
        """SELECT id, conversation, position, incoming, ready, attempts, fixed, parent, epoch, revised, stop, aside,
        reason FROM turns WHERE seq = ?""",
        seq,
    )
    joined = session.all("SELECT id FROM events WHERE turn = ?1 AND id <> ?1 ORDER BY id", turn)
    row = TurnRow(
        turn=turn,
        position=position,
        incoming=codec.INCOMING.decode(incoming),
        events=(turn, *(event for (event,) in joined)),
        ready=ready,
        attempts=attempts,
        fixed=bool(fixed),
        parent=parent,
        epoch=epoch,
        revised=revised,
        stop=bool(stop),
        aside=None if aside is None else SetAside(turn, name, aside, attempts, reason),
    )
    return Record(codec.TURN_RECORD, turn, codec.TURN_ROW.encode(row))


_READ: dict[str, Callable[[Session, int], Record]] = {
    codec.CONVERSATION_RECORD: _read_conversation,
    codec.MESSAGE_RECORD: _read_message,
    codec.REF_RECORD: _read_ref,
    codec.USAGE_RECORD: _read_usage,
    codec.FACTS_RECORD: _read_facts,
    codec.BOOKMARK_RECORD: _read_bookmark,
    codec.SHELF_RECORD: _read_shelved,
    codec.SECRET_RECORD: _read_secret,
    codec.RECEIPT_RECORD: _read_receipt,
    PURSE_RECORD: read_purse,
    RULING_RECORD: read_ruling,
    TALLY_RECORD: read_tally,
    SEEN_RECORD: read_seen,
    codec.TURN_RECORD: _read_turn,
}


def load(session: Session, records: Sequence[Record]) -> None:
    """Raises StoreError for a record that no version up to this one writes."""
    for record in records:
        if record.kind not in _WRITE:
            raise StoreError(f"The record of kind {record.kind!r} is not one that this version knows.")
        _WRITE[record.kind](session, record.value)


def _write_conversation(session: Session, value: str) -> None:
    found: Conversation = codec.CONVERSATION.decode(value)
    messages.touch(session, found.id)
    voices.note(session, found.id, heard_in(found.failed))
    session.run(
        "UPDATE conversations SET head = ?, epoch = ?, model = ?, persona = ?, failed = ? WHERE id = ?",
        found.head,
        found.epoch,
        found.model,
        found.persona,
        codec.INCOMING.encode(found.failed) if found.failed else None,
        found.id,
    )


def _write_message(session: Session, value: str) -> None:
    row = codec.MESSAGE_ROW.decode(value)
    messages.add_message(session, row.conversation, row.message, row.position)
    voices.note(session, row.conversation, heard_in(row.message))


def _write_ref(session: Session, value: str) -> None:
    row = codec.REF_ROW.decode(value)
    messages.point(session, row.conversation, row.ref, row.message, row.position)


def _write_usage(session: Session, value: str) -> None:
    row = codec.USAGE_ROW.decode(value)
    messages.put_usage(session, row.conversation, row.day, row.usage)


def _write_facts(session: Session, value: str) -> None:
    row = codec.FACTS_ROW.decode(value)
    put_facts(session, row.model, codec.FACTS.encode(row.facts))


def put_facts(session: Session, model: str, body: str) -> None:
    session.run(
        "INSERT INTO facts (model, body) VALUES (?, ?) ON CONFLICT (model) DO UPDATE SET body = excluded.body",
        model,
        body,
    )


def _write_bookmark(session: Session, value: str) -> None:
    sharing.put_bookmark(session, codec.BOOKMARK_ROW.decode(value))


def _write_shelved(session: Session, value: str) -> None:
    shelf.load_shelved(session, codec.SHELF_ROW.decode(value))


def _write_secret(session: Session, value: str) -> None:
    receipts.put_secret(session, codec.SECRET_ROW.decode(value))


def _write_receipt(session: Session, value: str) -> None:
    receipts.put_receipt(session, codec.RECEIPT_ROW.decode(value))


def _write_turn(session: Session, value: str) -> None:
    row = codec.TURN_ROW.decode(value)
    if session.one("SELECT 1 FROM events WHERE id = ?", row.turn):
        return
    name, aside = row.incoming.conversation, row.aside
    columns: dict[str, Value] = {
        "id": row.turn,
        "conversation": name,
        "position": row.position,
        "lane": row.incoming.lane,
        '"group"': row.incoming.group,
        "incoming": codec.INCOMING.encode(row.incoming),
        "revised": row.revised,
        "ready": min(row.ready, session.steady),  # another store may have come further than this one
        "attempts": row.attempts,
        "fixed": int(row.fixed),
        "parent": row.parent,
        "epoch": row.epoch,
        "stop": int(row.stop),
        "aside": aside.at if aside else None,
        "reason": aside.reason if aside else None,
    }
    marks = ", ".join("?" * len(columns))
    session.run(f"INSERT INTO turns ({', '.join(columns)}) VALUES ({marks})", *columns.values())  # noqa: S608  # our names
    voices.note(session, name, heard_in(row.incoming))
    for event in _new_events(session, row.events):
        session.run("INSERT INTO events (id, turn) VALUES (?, ?)", event, row.turn)
    _order(session, name)


def _new_events(session: Session, events: Sequence[TurnId]) -> Iterator[TurnId]:
    return (event for event in events if not session.one("SELECT 1 FROM events WHERE id = ?", event))


def _order(session: Session, name: ConversationId) -> None:
    """A turn may be copied after one that it comes before."""
    session.run("UPDATE turns SET front = 0 WHERE conversation = ? AND front = 1 AND held = 0", name)
    turns.promote(session, name)


_WRITE: dict[str, Callable[[Session, str], None]] = {
    codec.CONVERSATION_RECORD: _write_conversation,
    codec.MESSAGE_RECORD: _write_message,
    codec.REF_RECORD: _write_ref,
    codec.USAGE_RECORD: _write_usage,
    codec.FACTS_RECORD: _write_facts,
    codec.BOOKMARK_RECORD: _write_bookmark,
    codec.SHELF_RECORD: _write_shelved,
    codec.SECRET_RECORD: _write_secret,
    codec.RECEIPT_RECORD: _write_receipt,
    PURSE_RECORD: write_purse,
    RULING_RECORD: write_ruling,
    TALLY_RECORD: write_tally,
    SEEN_RECORD: write_seen,
    codec.TURN_RECORD: _write_turn,
}

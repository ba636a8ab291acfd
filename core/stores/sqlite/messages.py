"""The operations on conversations, messages and refs. Each runs inside a transaction of its caller."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain import (
    NO_USAGE,
    Conversation,
    ConversationId,
    Encoding,
    Exchange,
    Incoming,
    Message,
    MessageId,
    Ref,
    Usage,
    UsageReport,
    answer_id,
    is_answer,
    turn_of,
)
from core.stores.codec import INCOMING, MESSAGE, USAGE, storable
from core.stores.sqlite.database import Session

# The leaf by its key, then each parent by its own, until the window is full: as many steps as messages come out.
_PATH = """
    WITH RECURSIVE branch (parent, total, least, body, depth) AS (
        SELECT parent, {total}, {total} - ?3, body, 0 FROM messages
        WHERE conversation = ?1 AND id = ?2 AND ?3 > 0
        UNION ALL
        SELECT message.parent, message.{total}, branch.least, message.body, branch.depth + 1
        FROM branch CROSS JOIN messages AS message
        ON message.conversation = ?1 AND message.id = branch.parent
        WHERE message.{total} > branch.least)
    SELECT body FROM branch ORDER BY depth DESC"""
PATHS = {encoding: _PATH.format(total=encoding.value) for encoding in Encoding}


def conversation(session: Session, name: ConversationId) -> Conversation:
    row = session.one("SELECT id, head, epoch, model, persona, failed FROM conversations WHERE id = ?", name)
    if row is None:
        return Conversation(ConversationId(storable(name)))
    found, head, epoch, model, persona, failed = row
    return Conversation(found, head, epoch, model, persona, INCOMING.decode(failed) if failed else None)


def touch(session: Session, name: ConversationId) -> None:
    """Notes that something was written to the conversation, which `history.ttl` counts from."""
    session.run(
        "INSERT INTO conversations (id, touched) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET touched = excluded.touched",
        name,
        session.now,
    )


def configure(session: Session, name: ConversationId, model: str | None, persona: str | None) -> None:
    touch(session, name)
    session.run(
        "UPDATE conversations SET model = COALESCE(?, model), persona = COALESCE(?, persona) WHERE id = ?",
        model,
        persona,
        name,
    )


def move(session: Session, name: ConversationId, head: MessageId | None) -> None:
    touch(session, name)
    session.run("UPDATE conversations SET head = ?, epoch = epoch + 1, failed = NULL WHERE id = ?", head, name)


def set_failed(session: Session, incoming: Incoming) -> None:
    touch(session, incoming.conversation)
    session.run("UPDATE conversations SET failed = ? WHERE id = ?", INCOMING.encode(incoming), incoming.conversation)


def message(session: Session, name: ConversationId, wanted: MessageId) -> Message | None:
    body = session.value("SELECT body FROM messages WHERE conversation = ? AND id = ?", name, wanted)
    return None if body is None else MESSAGE.decode(body)


def path(
    session: Session, name: ConversationId, leaf: MessageId, encoding: Encoding, window: int
) -> tuple[Message, ...]:
    rows = session.all(PATHS[encoding], name, leaf, window)
    return MESSAGE.decode_all(body for (body,) in rows)


def children(session: Session, name: ConversationId, parent: MessageId | None) -> tuple[Message, ...]:
    rows = session.all(
        "SELECT body FROM messages WHERE conversation = ? AND parent IS ? ORDER BY position, seq", name, parent
    )
    return MESSAGE.decode_all(body for (body,) in rows)


def messages(session: Session, name: ConversationId) -> tuple[Message, ...]:
    rows = session.all("SELECT body FROM messages WHERE conversation = ? ORDER BY position, seq", name)
    return MESSAGE.decode_all(body for (body,) in rows)


def add_message(session: Session, name: ConversationId, new: Message, position: int | None = None) -> None:
    """Keeps it at the end, or at *position*; one that is there already stays as it is."""
    if position is None:
        position = next_position(session, "messages", name)
    session.run(
        """INSERT INTO messages (conversation, id, position, parent, o200k, cl100k, body)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (conversation, id) DO NOTHING""",
        name,
        new.id,
        position,
        new.parent,
        new.total.o200k,
        new.total.cl100k,
        MESSAGE.encode(new),
    )


def next_position(session: Session, table: str, name: ConversationId) -> int:
    found = session.value(f"SELECT MAX(position) FROM {table} WHERE conversation = ?", name)  # noqa: S608  # our own names
    return (found or 0) + 1


def commit(session: Session, name: ConversationId, epoch: int, exchange: Exchange) -> None:
    """Keeps the exchange and counts its usage; moves the head as `core.ports.History.commit` says."""
    answer = exchange.answer
    if session.one("SELECT 1 FROM messages WHERE conversation = ? AND id = ?", name, answer.id):
        return
    if exchange.question is not None:
        add_message(session, name, exchange.question)
    add_message(session, name, answer)
    touch(session, name)
    session.run("UPDATE conversations SET failed = NULL WHERE id = ?", name)
    if exchange.question is None:
        choose(session, name, epoch, answer)
    else:
        session.run("UPDATE conversations SET head = ? WHERE id = ? AND epoch = ?", answer.id, name, epoch)
    count(session, name, _day(session.now), answer.usage or NO_USAGE)


def choose(session: Session, name: ConversationId, epoch: int, answer: Message) -> None:
    """The conversation goes on from *answer* where it stands at its question or at another answer to it, and is still at
    *epoch*."""
    session.run(
        """UPDATE conversations SET head = ?1 WHERE id = ?2 AND epoch = ?3 AND head IN
        (SELECT id FROM messages WHERE conversation = ?2 AND (id = ?4 OR parent = ?4))""",
        answer.id,
        name,
        epoch,
        answer.parent,
    )


def count(session: Session, name: ConversationId, day: str, used: Usage) -> None:
    body = session.value("SELECT body FROM ledger WHERE conversation = ? AND day = ?", name, day)
    total = used if body is None else USAGE.decode(body) + used
    put_usage(session, name, day, total)


def put_usage(session: Session, name: ConversationId, day: str, total: Usage) -> None:
    session.run(
        """INSERT INTO ledger (conversation, day, body) VALUES (?, ?, ?)
        ON CONFLICT (conversation, day) DO UPDATE SET body = excluded.body""",
        name,
        day,
        USAGE.encode(total),
    )


def usage(session: Session, name: ConversationId) -> UsageReport:
    rows = session.all("SELECT day, body FROM ledger WHERE conversation = ?", name)
    days = {day: USAGE.decode(body) for day, body in rows}
    return UsageReport(sum(days.values(), NO_USAGE), days.get(_day(session.now), NO_USAGE))


def _day(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).date().isoformat()


# A turn that shows a kept answer instead of a sibling keeps none: its answer's name only stands for the one shown. The
# messages that show it are refs of that name, and the name is itself a ref of the answer.


def shown_as(session: Session, name: ConversationId, ref: Ref) -> MessageId | None:
    found = _place(session, name, ref)
    return (_place(session, name, Ref(found)) or found) if found else None


def _place(session: Session, name: ConversationId, ref: Ref) -> MessageId | None:
    """The answer, kept or only in name, whose messages *ref* is one of."""
    found: MessageId | None = session.value("SELECT message FROM refs WHERE conversation = ? AND ref = ?", name, ref)
    return found


def refs(session: Session, name: ConversationId, shown: MessageId) -> tuple[Ref, ...]:
    found = (posted(session, name, place) for place in _places(session, name, shown))
    return tuple(ref for refs in found for ref in refs)


def posted(session: Session, name: ConversationId, place: MessageId) -> tuple[Ref, ...]:
    """The platform's messages for one answer, which may be one only in name."""
    return tuple(ref for ref in _pointing(session, name, place) if not is_answer(ref))


def _places(session: Session, name: ConversationId, shown: MessageId) -> list[MessageId]:
    """The names under which *shown* is shown: its own, and those that stand for it."""
    return [shown, *(MessageId(ref) for ref in _pointing(session, name, shown) if is_answer(ref))]


def _pointing(session: Session, name: ConversationId, message: MessageId) -> list[Ref]:
    rows = session.all(
        "SELECT ref FROM refs WHERE conversation = ? AND message = ? ORDER BY position, seq", name, message
    )
    return [ref for (ref,) in rows]


def take_over(session: Session, name: ConversationId, ref: Ref, answer: MessageId) -> None:
    """All messages that belong together with *ref* show *answer* from now on."""
    if place := _place(session, name, ref):
        _hand_over(session, name, place, answer)


def inherit(session: Session, name: ConversationId, question: MessageId, answer: MessageId) -> None:
    """The messages that show an answer to *question*, or why there is none, show *answer* from now on."""
    failed = conversation(session, name).failed
    answers = (child.id for child in children(session, name, question) if is_answer(child.id))
    asked = [answer_id(turn_of(question)), *answers]
    if failed is not None and failed.again == question:
        asked.append(answer_id(failed.event_id))
    for shown in dict.fromkeys(asked):
        for place in _places(session, name, shown):
            _hand_over(session, name, place, answer)


def _hand_over(session: Session, name: ConversationId, place: MessageId, answer: MessageId) -> None:
    for ref in posted(session, name, place):
        point(session, name, ref, answer)
    session.run("DELETE FROM refs WHERE conversation = ? AND ref = ?", name, place)


def point(session: Session, name: ConversationId, ref: Ref, shown: MessageId, position: int | None = None) -> None:
    """*ref* shows *shown* from now on; it keeps its place among the refs if it had one."""
    if position is None:
        position = next_position(session, "refs", name)
    session.run(
        """INSERT INTO refs (conversation, ref, position, message) VALUES (?, ?, ?, ?)
        ON CONFLICT (conversation, ref) DO UPDATE SET message = excluded.message""",
        name,
        ref,
        position,
        shown,
    )

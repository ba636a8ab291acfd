"""The operations on waiting turns. Each runs inside a transaction of its caller."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from core.domain import (
    ConversationId,
    InboxDepth,
    Incoming,
    MessageId,
    Ref,
    SetAside,
    Turn,
    TurnId,
    answer_id,
    question_id,
    turn_of,
)
from core.errors import LeaseLost
from core.ports import Outcome
from core.stores.codec import INCOMING
from core.stores.forgetting import digest_of, heard_in
from core.stores.sqlite import messages, voices
from core.stores.sqlite.database import Session

NEXT = """SELECT ready, seq, id, incoming, revised, token, attempts, fixed, parent, epoch, stop, reason
    FROM turns WHERE front = 1 AND lane = ? AND ready <= ? ORDER BY ready, seq LIMIT 1"""
FIRST = "SELECT seq FROM turns WHERE conversation = ? AND aside IS NULL ORDER BY position, seq LIMIT 1"
GROUP = """SELECT id, incoming, ready FROM turns
    WHERE conversation = ? AND aside IS NULL AND "group" = ? AND fixed <= ? ORDER BY position DESC, seq DESC LIMIT 1"""
_OPEN = "SELECT id, incoming, ready FROM turns WHERE id = ? AND conversation = ? AND aside IS NULL AND fixed = 0"


def put(session: Session, incoming: Incoming) -> bool:
    if session.one("SELECT 1 FROM events WHERE id IN (?, ?)", incoming.event_id, digest_of(incoming.event_id)):
        return False
    name = incoming.conversation
    messages.touch(session, name)
    voices.note(session, name, heard_in(incoming))
    revised = messages.shown_as(session, name, incoming.revises) if incoming.revises else None
    if revised and (row := _open(session, name, revised)):
        turn = _replace(session, row, incoming)
    elif incoming.group is not None and (row := session.one(GROUP, name, incoming.group, int(not incoming.parts))):
        turn = _join(session, row, incoming)
    else:
        turn = _queue(session, incoming, revised)
    session.run("INSERT INTO events (id, turn) VALUES (?, ?)", incoming.event_id, turn)
    if incoming.asked_as is not None:
        messages.point(session, name, incoming.asked_as, question_id(turn))
    return True


def _open(session: Session, name: ConversationId, question: MessageId) -> Any:
    """The row of the turn that asks *question*, if nobody claimed it yet."""
    turn = turn_of(question)
    return session.one(_OPEN, turn, name) if question == question_id(turn) else None


def _replace(session: Session, row: Any, edited: Incoming) -> TurnId:
    turn, body, _ = row
    incoming = replace(INCOMING.decode(body), parts=edited.parts)
    session.run("UPDATE turns SET incoming = ? WHERE id = ?", INCOMING.encode(incoming), turn)
    return TurnId(turn)


def _join(session: Session, row: Any, part: Incoming) -> TurnId:
    turn, body, ready = row
    first = INCOMING.decode(body)
    session.run(
        "UPDATE turns SET incoming = ?, ready = ? WHERE id = ?",
        INCOMING.encode(replace(first, parts=first.parts + part.parts)),
        max(ready, session.steady + part.hold),
        turn,
    )
    return TurnId(turn)


def _queue(session: Session, incoming: Incoming, revised: MessageId | None) -> TurnId:
    name = incoming.conversation
    session.run(
        """INSERT INTO turns (id, conversation, position, lane, "group", incoming, revised, ready)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        incoming.event_id,
        name,
        messages.next_position(session, "turns", name),
        incoming.lane,
        incoming.group,
        INCOMING.encode(incoming),
        revised,
        session.steady + incoming.hold,
    )
    promote(session, name)
    return incoming.event_id


def promote(session: Session, name: ConversationId) -> None:
    """Makes the first waiting turn claimable, unless there is a claimable or claimed one."""
    if session.one("SELECT 1 FROM turns WHERE conversation = ? AND front = 1", name) is None:
        session.run(f"UPDATE turns SET front = 1 WHERE seq = ({FIRST})", name)  # noqa: S608  # our own text


def withdraw(session: Session, name: ConversationId, ref: Ref) -> bool:
    question = messages.shown_as(session, name, ref)
    if question is None or not (row := _open(session, name, question)):
        return False
    end(session, TurnId(row[0]), name)
    session.run("DELETE FROM refs WHERE conversation = ? AND message = ?", name, question)
    return True


def end(session: Session, turn: TurnId, name: ConversationId) -> None:
    """The turn is over, whoever is at it."""
    session.run("DELETE FROM turns WHERE id = ?", turn)
    session.run("UPDATE events SET ended = ? WHERE turn = ?", session.now, turn)
    promote(session, name)


def interrupt(session: Session, turn: TurnId) -> None:
    """Whoever holds it, holds it no more; it is claimable at once."""
    session.run(
        "UPDATE turns SET held = 0, token = token + 1, ready = ? WHERE id = ? AND held = 1", session.steady, turn
    )


def claim(session: Session, lanes: Collection[str], lease: float) -> Turn | None:
    found = [row for lane in lanes if (row := session.one(NEXT, lane, session.steady))]
    if not found:
        return None
    _, seq, turn, body, revised, token, attempts, fixed, parent, epoch, stop, reason = min(found)
    incoming = INCOMING.decode(body)
    conversation = messages.conversation(session, incoming.conversation)
    if not fixed:
        parent, epoch = _parent(session, incoming, revised, conversation.head), conversation.epoch
        _take_over(session, incoming, revised, answer_id(turn))
    session.run(
        """UPDATE turns SET held = 1, ready = ?, token = token + 1, attempts = attempts + 1,
        fixed = 1, parent = ?, epoch = ? WHERE seq = ?""",
        session.steady + lease,
        parent,
        epoch,
        seq,
    )
    return Turn(
        id=turn,
        incoming=incoming,
        conversation=replace(conversation, epoch=epoch),
        token=token + 1,
        attempt=attempts + 1,
        parent=parent,
        shown=messages.posted(session, incoming.conversation, answer_id(turn)),
        stop_requested=bool(stop),
        requeued=reason is not None,
    )


def _parent(
    session: Session, incoming: Incoming, revised: MessageId | None, head: MessageId | None
) -> MessageId | None:
    name = incoming.conversation
    if fixed := incoming.again or incoming.show:
        return fixed
    if revised and (old := messages.message(session, name, revised)):
        return old.parent
    if incoming.reply_to and (replied := messages.shown_as(session, name, incoming.reply_to)):
        kept = messages.message(session, name, replied)
        return kept.id if kept else head
    return head


def _take_over(session: Session, incoming: Incoming, revised: MessageId | None, answer: MessageId) -> None:
    name = incoming.conversation
    if revised:
        messages.inherit(session, name, revised, answer)
    if incoming.replaces:
        messages.take_over(session, name, incoming.replaces, answer)
    if incoming.show:
        messages.point(session, name, Ref(answer), incoming.show)


def hold(session: Session, turn: Turn, *, lapsed: bool = False) -> Any:
    """The row of the turn that this claim holds, or, if *lapsed*, was the last to hold. Raises LeaseLost."""
    row = session.one(
        "SELECT seq, stop, attempts, epoch FROM turns WHERE id = ? AND token = ? AND held = 1 AND ready > ?",
        turn.id,
        turn.token,
        0.0 if lapsed else session.steady,
    )
    if row is None:
        raise LeaseLost(f"claim {turn.token} of turn {turn.id} no longer holds")
    return row


def renew(session: Session, turn: Turn, lease: float) -> bool:
    seq, stop, *_ = hold(session, turn)
    session.run("UPDATE turns SET ready = ? WHERE seq = ?", session.steady + lease, seq)
    return bool(stop)


def remember(session: Session, turn: Turn, ref: Ref) -> None:
    hold(session, turn)
    messages.point(session, turn.incoming.conversation, ref, answer_id(turn.id))


def forget(session: Session, turn: Turn, ref: Ref) -> None:
    hold(session, turn)
    name = turn.incoming.conversation
    session.run("DELETE FROM refs WHERE conversation = ? AND ref = ? AND message = ?", name, ref, answer_id(turn.id))


def finish(session: Session, turn: Turn, outcome: Outcome) -> None:
    hold(session, turn)
    if outcome is Outcome.FAILED:
        messages.set_failed(session, turn.incoming.kept)
        session.run(
            "INSERT OR REPLACE INTO failures (turn, conversation, ended, incoming) VALUES (?, ?, ?, ?)",
            turn.id,
            turn.incoming.conversation,
            session.now,
            INCOMING.encode(turn.incoming.kept),
        )
    end(session, turn.id, turn.incoming.conversation)


def postpone(session: Session, turn: Turn, seconds: float, *, spent: bool) -> None:
    seq, *_ = hold(session, turn, lapsed=True)
    session.run(
        "UPDATE turns SET held = 0, ready = ?, attempts = attempts - ? WHERE seq = ?",
        session.steady + seconds,
        0 if spent else 1,
        seq,
    )


def set_aside(session: Session, turn: Turn, reason: str) -> None:
    seq, *_ = hold(session, turn)
    session.run(
        "UPDATE turns SET held = 0, front = 0, stop = 0, aside = ?, reason = ?, incoming = ? WHERE seq = ?",
        session.now,
        reason,
        INCOMING.encode(turn.incoming.kept),
        seq,
    )
    messages.set_failed(session, turn.incoming.kept)
    promote(session, turn.incoming.conversation)


def stop(session: Session, name: ConversationId, turn: TurnId | None) -> bool:
    """Also between two attempts: the user sees an unfinished answer all the same."""
    changed = session.run(
        "UPDATE turns SET stop = 1 WHERE conversation = ?1 AND front = 1 AND fixed = 1 AND id = COALESCE(?2, id)",
        name,
        turn,
    )
    return changed.rowcount > 0


def asked(session: Session, name: ConversationId, turn: TurnId) -> Incoming | None:
    body = session.value(
        """SELECT incoming FROM turns WHERE id = ?1 AND conversation = ?2
        UNION ALL SELECT incoming FROM failures WHERE turn = ?1 AND conversation = ?2""",
        turn,
        name,
    )
    return INCOMING.decode(body) if body else None


def waiting(session: Session, name: ConversationId) -> tuple[Incoming, ...]:
    rows = session.all(
        "SELECT incoming FROM turns WHERE conversation = ? AND aside IS NULL ORDER BY position, seq", name
    )
    return INCOMING.decode_all(body for (body,) in rows)


def stopped(session: Session) -> frozenset[TurnId]:
    return frozenset(turn for (turn,) in session.all("SELECT id FROM turns WHERE stop = 1"))


def aside(session: Session) -> tuple[SetAside, ...]:
    rows = session.all(
        "SELECT id, conversation, aside, attempts, reason FROM turns WHERE aside IS NOT NULL ORDER BY aside, seq"
    )
    return tuple(SetAside(*row) for row in rows)


def requeue(session: Session, turn: TurnId) -> bool:
    """As if it had just come: the place it takes in the conversation is the one at its next claim. Its reason stays and
    tells that it was set aside."""
    name = session.value("SELECT conversation FROM turns WHERE id = ? AND aside IS NOT NULL", turn)
    if name is None:
        return False
    session.run(
        """UPDATE turns SET aside = NULL, attempts = 0, fixed = 0, ready = ?, position = ?
        WHERE id = ?""",
        session.steady,
        messages.next_position(session, "turns", name),
        turn,
    )
    promote(session, name)
    return True


def drop(session: Session, turn: TurnId) -> bool:
    name = session.value("SELECT conversation FROM turns WHERE id = ? AND aside IS NOT NULL", turn)
    if name is None:
        return False
    end(session, turn, name)
    return True


def depth(session: Session) -> InboxDepth:
    waiting, running, put_aside = session.one(
        """SELECT COUNT(*) FILTER (WHERE aside IS NULL AND NOT (held AND ready > ?1)),
        COUNT(*) FILTER (WHERE held AND ready > ?1), COUNT(aside) FROM turns""",
        session.steady,
    )
    first = session.value(
        "SELECT incoming FROM turns WHERE aside IS NULL AND NOT (held AND ready > ?) ORDER BY seq LIMIT 1",
        session.steady,
    )
    return InboxDepth(waiting, running, put_aside, INCOMING.decode(first).sent_at if first else None)


def next_ready(session: Session, after: float) -> float | None:
    """When the next turn becomes claimable, later than *after*; both as `Session.steady`."""
    found: float | None = session.value("SELECT MIN(ready) FROM turns WHERE front = 1 AND ready > ?", after)
    return found

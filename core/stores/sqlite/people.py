"""`core.ports_people.People` in an SQLite file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from core.domain import ConversationId, Incoming, Message, MessageId, PersonId, TurnId, question_id
from core.domain_limits import Ruling
from core.stores.codec import INCOMING, MESSAGE
from core.stores.forgetting import Forgotten, between, deleted, digest_of, feeds_of, place_of, receipts_of, turns_in
from core.stores.sqlite import messages, shelf, turns, voices
from core.stores.sqlite.database import Database, Session
from core.stores.sqlite.feeds import Board
from core.stores.sqlite.wake import Wake

_UNANSWERED = """SELECT incoming FROM turns WHERE conversation = ?1 AND aside IS NOT NULL
    UNION ALL SELECT incoming FROM failures WHERE conversation = ?1"""


class SqlitePeople:
    _database: Database
    _wake: Wake
    _board: Board

    async def voices(self, person: PersonId) -> tuple[ConversationId, ...]:
        return await self._database.read(lambda session: voices.of(session, person))

    async def company(self, conversation: ConversationId) -> frozenset[PersonId]:
        return await self._database.read(lambda session: voices.company(session, conversation))

    async def unanswered(self, conversation: ConversationId) -> tuple[Incoming, ...]:
        return await self._database.read(lambda session: _unanswered(session, conversation))

    async def forget_person(self, person: PersonId, tombstone: str) -> int:
        """All of it in one transaction."""
        forgotten = Forgotten(person, tombstone)
        rows, feeds = await self._database.write(lambda session: _forget(session, forgotten))
        self._board.forget(feeds)
        await self._database.wipe()
        self._wake.changed()
        return rows


def _unanswered(session: Session, name: ConversationId) -> tuple[Incoming, ...]:
    return INCOMING.decode_all(body for (body,) in session.all(_UNANSWERED, name))


def _forget(session: Session, forgotten: Forgotten) -> tuple[int, Collection[str]]:
    """How many rows, and the feeds that may have something of it."""
    person, rows = forgotten.person, 0
    feeds = set(feeds_of(person, ()))
    for name in voices.of(session, person):
        said = messages.messages(session, name)
        asked = (*turns.waiting(session, name), *_unanswered(session, name))
        feeds.update(feeds_of(person, turns_in(said, asked)))
        if voices.company(session, name) == {person}:
            rows += shelf.remove(session, name) + _forget_place(session, name)
        else:
            rows += _forget_words(session, name, forgotten, said)
            voices.forget(session, name, person)
    return rows + _forget_traces(session, person), feeds


def _forget_words(session: Session, name: ConversationId, forgotten: Forgotten, said: Sequence[Message]) -> int:
    """In a conversation that others go on with."""
    gone, changed = deleted(forgotten.person, said), forgotten.rewritten(said)
    for message in changed:
        session.run(
            "UPDATE messages SET body = ? WHERE conversation = ? AND id = ?", MESSAGE.encode(message), name, message.id
        )
    rows = len(changed) + _forget_asked(session, name, forgotten, gone)
    questions = [message.id for message in said if message.sender == forgotten.person]
    return rows + sum(_unpoint(session, name, question) for question in questions)


def _unpoint(session: Session, name: ConversationId, question: MessageId) -> int:
    return session.run("DELETE FROM refs WHERE conversation = ? AND message = ?", name, question).rowcount


def _forget_asked(
    session: Session, name: ConversationId, forgotten: Forgotten, gone: Collection[MessageId | None]
) -> int:
    """Of what was asked and is not answered; how many rows."""
    rows = 0
    for turn, body in session.all("SELECT id, incoming FROM turns WHERE conversation = ?", name):
        rows += _change_turn(session, turn, INCOMING.decode(body), forgotten, gone)
    for turn, body in session.all("SELECT turn, incoming FROM failures WHERE conversation = ?", name):
        rows += _change_failure(session, turn, INCOMING.decode(body), forgotten, gone)
    return rows + _change_failed(session, name, forgotten, gone)


def _change_turn(
    session: Session, turn: TurnId, asked: Incoming, forgotten: Forgotten, gone: Collection[MessageId | None]
) -> int:
    stays = forgotten.turn(asked, gone)
    if stays is None:
        turns.end(session, turn, asked.conversation)
        return 1 + _unpoint(session, asked.conversation, question_id(turn))
    if stays == asked:
        return 0
    session.run("UPDATE turns SET incoming = ? WHERE id = ?", INCOMING.encode(stays), turn)
    turns.interrupt(session, turn)
    return 1


def _change_failure(
    session: Session, turn: TurnId, asked: Incoming, forgotten: Forgotten, gone: Collection[MessageId | None]
) -> int:
    stays = forgotten.turn(asked, gone)
    if stays is None:
        session.run("DELETE FROM failures WHERE turn = ?", turn)
        return 1 + _unpoint(session, asked.conversation, question_id(turn))
    if stays == asked:
        return 0
    return session.run("UPDATE failures SET incoming = ? WHERE turn = ?", INCOMING.encode(stays), turn).rowcount


def _change_failed(
    session: Session, name: ConversationId, forgotten: Forgotten, gone: Collection[MessageId | None]
) -> int:
    failed = messages.conversation(session, name).failed
    stays = forgotten.turn(failed, gone) if failed else None
    if stays == failed:
        return 0
    body = INCOMING.encode(stays) if stays else None
    return session.run("UPDATE conversations SET failed = ? WHERE id = ?", body, name).rowcount


def _forget_traces(session: Session, person: PersonId) -> int:
    """What names the person outside of conversations."""
    rows = session.run("DELETE FROM shelf WHERE owner = ?", person).rowcount
    rows += session.run("DELETE FROM outbox WHERE person = ?", person).rowcount
    rows += session.run("DELETE FROM rulings WHERE subject = ? AND ruling = ?", person, Ruling.ALLOWED).rowcount
    return rows + _forget_named(session, person)


def _forget_place(session: Session, name: ConversationId) -> int:
    """A private chat of which nothing is left."""
    lane, ending = place_of(name)
    rows = session.run("DELETE FROM bookmarks WHERE lane = ? AND place LIKE '%' || ?", lane, ending).rowcount
    return rows + _forget_named(session, name)


def _forget_named(session: Session, name: str) -> int:
    """What is called after the person, or a conversation that is removed: requests and events."""
    deleting = "DELETE FROM receipts WHERE key >= ? AND key < ?"
    rows = sum(session.run(deleting, *between(named)).rowcount for named in receipts_of(name))
    return rows + _digest_events(session, name)


def _digest_events(session: Session, name: str) -> int:
    """Events that are over and whose ids begin with *name* stay known under another one."""
    known: Iterable[tuple[str, float]] = session.all(
        "SELECT id, ended FROM events WHERE id >= ? AND id < ? AND ended IS NOT NULL", *between(name)
    )
    rows = 0
    for event, ended in known:
        digest = digest_of(event)
        session.run("INSERT OR REPLACE INTO events (id, turn, ended) VALUES (?, ?, ?)", digest, digest, ended)
        rows += session.run("DELETE FROM events WHERE id = ?", event).rowcount
    return rows

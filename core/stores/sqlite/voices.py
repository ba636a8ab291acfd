"""Who has words in which conversation. Each operation runs inside a transaction of its caller."""

from __future__ import annotations

from core.domain import ConversationId, PersonId
from core.stores.forgetting import Heard
from core.stores.sqlite.database import Session


def note(session: Session, name: ConversationId, heard: Heard) -> None:
    for person in heard.people:
        session.run(
            """INSERT INTO voices (person, conversation, speaks) VALUES (?, ?, ?)
            ON CONFLICT (person, conversation) DO UPDATE SET speaks = MAX(speaks, excluded.speaks)""",
            person,
            name,
            int(person == heard.speaker),
        )


def of(session: Session, person: PersonId) -> tuple[ConversationId, ...]:
    rows = session.all("SELECT conversation FROM voices WHERE person = ? ORDER BY conversation", person)
    return tuple(name for (name,) in rows)


def company(session: Session, name: ConversationId) -> frozenset[PersonId]:
    rows = session.all("SELECT person FROM voices WHERE conversation = ? AND speaks", name)
    return frozenset(person for (person,) in rows)


def forget(session: Session, name: ConversationId, person: PersonId | None = None) -> None:
    """None: of everybody."""
    session.run("DELETE FROM voices WHERE conversation = ?1 AND person = COALESCE(?2, person)", name, person)

"""Who has words in which conversation. Each operation runs inside a transaction of its caller."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain import ConversationId, PersonId
from core.stores.sqlite.database import Session


def note(session: Session, name: ConversationId, people: Iterable[PersonId]) -> None:
    for person in people:
        session.run("INSERT OR IGNORE INTO voices (person, conversation) VALUES (?, ?)", person, name)


def of(session: Session, person: PersonId) -> tuple[ConversationId, ...]:
    rows = session.all("SELECT conversation FROM voices WHERE person = ? ORDER BY conversation", person)
    return tuple(name for (name,) in rows)


def company(session: Session, name: ConversationId) -> frozenset[PersonId]:
    return frozenset(person for (person,) in session.all("SELECT person FROM voices WHERE conversation = ?", name))


def forget(session: Session, name: ConversationId, person: PersonId | None = None) -> None:
    """None: of everybody."""
    session.run("DELETE FROM voices WHERE conversation = ?1 AND person = COALESCE(?2, person)", name, person)

"""Everything that is kept about one person, as a document for them.

The JSON document is one object::

    {"format": "parlour-person", "version": 1, "person": id, "exported_at": time,
     "ruling": "allowed" | "blocked" or null, "shelf": [{"conversation", "title", "at": time}, …],
     "conversations": [{"conversation": id, "shared": whether others speak there, "head", "model", "persona",
                        "messages": [as in a `parlour-conversation`, questions with their "background"],
                        "unanswered": [{"turn": id, "at": time, "name", "parts", "background", "overheard"}, …]}, …]}

Of a shared conversation it has the person's own questions and the answers to them. `unanswered` is what waits, is being
answered, failed or is set aside. `core.conversations.exporting` says how times and messages are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from core.conversations.exporting import Document, as_json, described, iso, stem
from core.domain import Conversation, ConversationId, Incoming, Message, PersonId
from core.ports import History, Inbox
from core.ports_limits import Rulings
from core.ports_people import People
from core.ports_sharing import Shelf


class Records(People, History, Inbox, Shelf, Rulings, Protocol):
    """Where everything about a person is kept."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """document: for the person. conversations, messages: how many are in it. empty: it holds nothing about them."""

    document: Document
    conversations: int
    messages: int
    empty: bool


async def dossier(records: Records, person: PersonId, at: float) -> Dossier:
    """Of *person*, exported at the Unix time *at*. Raises StoreError."""
    conversations = [await _conversation(records, name, person) for name in await records.voices(person)]
    shelf, ruling = await records.shelf(person), (await records.rulings()).get(person)
    content = {
        "format": "parlour-person",
        "version": 1,
        "person": person,
        "exported_at": iso(at),
        "ruling": ruling,
        "shelf": [{"conversation": one.conversation, "title": one.title, "at": iso(one.at)} for one in shelf],
        "conversations": [shown for shown, _ in conversations],
    }
    document = as_json(stem(person, at), content)
    empty = not (conversations or shelf or ruling)
    return Dossier(document, len(conversations), sum(count for _, count in conversations), empty)


async def _conversation(records: Records, name: ConversationId, person: PersonId) -> tuple[Mapping[str, object], int]:
    """What is written of it, and how many messages that are."""
    shared = await records.company(name) != {person}
    messages, state = await records.messages(name), await records.conversation(name)
    asked = (*await records.waiting(name), *await records.unanswered(name))
    kept = _own(messages, person) if shared else messages
    content = {
        **_named(state, shared=shared),
        "messages": [{**described(message), "background": message.background} for message in kept],
        "unanswered": [_asked(incoming) for incoming in asked if incoming.sender.id == person],
    }
    return content, len(kept)


def _own(messages: Sequence[Message], person: PersonId) -> Sequence[Message]:
    questions = {message.id for message in messages if message.sender == person}
    return [message for message in messages if message.id in questions or message.answers(questions)]


def _named(state: Conversation, *, shared: bool) -> Mapping[str, object]:
    return {
        "conversation": state.id,
        "shared": shared,
        "head": state.head,
        "model": state.model,
        "persona": state.persona,
    }


def _asked(incoming: Incoming) -> Mapping[str, object]:
    return {
        "turn": incoming.event_id,
        "at": iso(incoming.sent_at),
        "name": incoming.sender.name,
        "parts": [asdict(part) for part in incoming.parts],
        "background": incoming.background,
        "overheard": incoming.overheard,
    }

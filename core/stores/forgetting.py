"""What becomes of the words of a person who is forgotten. Pure: the same in every backend."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from core.domain import (
    ConversationId,
    Incoming,
    Message,
    MessageId,
    PersonId,
    TextPart,
    TurnId,
    turn_of,
)
from core.domain_sharing import turn_feed
from core.stores.codec import storable

_AFTER_SLASH = "0"
"""The character after "/": names that begin with ``person/`` lie before ``person0``."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Who is to be forgotten. tombstone: what stands where their words stood."""

    person: PersonId
    tombstone: str

    def rewritten(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Those of a conversation's *messages* that change, as they are to be."""
        own = {message.id for message in messages if message.sender == self.person}
        changed = (self._without(message, own) for message in messages)
        return tuple(new for new, old in zip(changed, messages, strict=True) if new != old)

    def _without(self, message: Message, own: Collection[MessageId | None]) -> Message:
        if message.id in own:
            words = (TextPart(self.tombstone),)
            return replace(message, parts=words, author="", sender=None, background="", quoted=())
        if message.answers(own):
            return replace(message, parts=(TextPart(self.tombstone),))
        return replace(message, background="", quoted=()) if self._quotes(message) else message

    def turn(self, incoming: Incoming, gone: Collection[MessageId | None]) -> Incoming | None:
        """What may stay of a turn where the messages *gone* are deleted; None if nothing may."""
        if incoming.sender.id == self.person or not {incoming.again, incoming.show}.isdisjoint(gone):
            return None
        return replace(incoming, background="", overheard="", quoted=()) if self._quotes(incoming) else incoming

    def _quotes(self, said: Message | Incoming) -> bool:
        """Older versions did not note whom they quote."""
        words = said.background or (said.overheard if isinstance(said, Incoming) else "")
        return self.person in said.quoted or bool(words and not said.quoted)


@dataclass(frozen=True, slots=True)
class Heard:
    """Whose words something has. speaker: who said it; None for an answer. quoted: as in `Incoming`."""

    speaker: PersonId | None = None
    quoted: tuple[PersonId, ...] = ()

    @property
    def people(self) -> tuple[PersonId, ...]:
        return tuple(dict.fromkeys((*([self.speaker] if self.speaker else []), *self.quoted)))


def heard_in(said: Incoming | Message | None) -> Heard:
    if said is None:
        return Heard()
    return Heard(said.sender.id if isinstance(said, Incoming) else said.sender, said.quoted)


def deleted(person: PersonId, messages: Iterable[Message]) -> frozenset[MessageId | None]:
    """Questions of the person and the answers to them."""
    everything = tuple(messages)
    own = {message.id for message in everything if message.sender == person}
    return frozenset(message.id for message in everything if message.id in own or message.answers(own))


def between(name: str) -> tuple[str, str]:
    """All that begins with *name* and a slash lies from the first of these on and before the second."""
    return f"{name}/", f"{name}{_AFTER_SLASH}"


def receipts_of(name: str) -> tuple[str, str]:
    """How the keys of receipts begin that are called after *name*: those of requests, and of commands."""
    return name, f"command:{name}"


def digest_of(event: str) -> str:
    """By which an event is known whose id names who is forgotten; Lua has this one, too."""
    return f"gone:{hashlib.sha1(storable(event).encode(), usedforsecurity=False).hexdigest()}"


def feeds_of(person: PersonId, turns: Iterable[TurnId]) -> tuple[str, ...]:
    """Where words of the person, and of answers to these *turns*, may be on their way."""
    return (person, *(turn_feed(turn) for turn in turns))


def turns_in(messages: Iterable[Message], asked: Iterable[Incoming]) -> frozenset[TurnId]:
    return frozenset((*(turn_of(message.id) for message in messages), *(turn.event_id for turn in asked)))


def place_of(conversation: ConversationId) -> tuple[str, str]:
    """The lane of a private chat, and how the name of its bookmark ends (`core.ports.Bookmarks`)."""
    lane, _, chat = conversation.partition("/")[0].partition(":")
    return lane, f"/{chat}"

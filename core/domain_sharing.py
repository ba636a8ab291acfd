"""The nouns of what people's pages and programs share with the processes behind them: words on their way, a shelf of
conversations, receipts for requests that may come twice. Frozen values, as in `core.domain`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain import ConversationId, PersonId, TurnId


def turn_feed(turn: TurnId) -> str:
    """The name of the feed that has the words of one turn's answer alone."""
    return f"turn:{turn}"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """What somebody published. `id` names it within its feed, and means nothing else to whoever keeps it."""

    id: str
    data: str


@dataclass(frozen=True, slots=True)
class Shelved:
    """A conversation on its owner's shelf. at: its last activity, Unix seconds."""

    conversation: ConversationId
    title: str
    at: float


@dataclass(frozen=True, slots=True)
class Found(Shelved):
    """A conversation that a search found. excerpt: the words of one of its messages around the first that was looked
    for, in one line; empty where the title alone has them."""

    excerpt: str = ""


class ReceiptState(StrEnum):
    """What is known of a request that carries a key."""

    FRESH = "fresh"
    """Never seen, or whoever began it is gone: it is the caller's now."""
    RUNNING = "running"
    """Somebody else is at it."""
    DONE = "done"
    """`Receipt.body` is what was answered."""
    MISMATCH = "mismatch"
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """token: the fencing token of a FRESH one. body: of one that is DONE."""

    state: ReceiptState
    token: int = 0
    body: str = ""


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What *person* is still to be told on the platform *lane*. key: its name there. body: for whoever says it. token: the
    fencing token of whoever is to."""

    lane: str
    key: str
    person: PersonId
    body: str
    token: int = 0

"""Domain values as JSON, the same in every backend.

A value that is read may lack fields that were added since (they take their defaults) and may have fields that were
dropped since (they are ignored), so a new field or a new kind of content part needs no migration.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from core.domain import (
    Conversation,
    ConversationId,
    Incoming,
    Message,
    MessageId,
    ModelFacts,
    PersonId,
    Ref,
    SetAside,
    TurnId,
    Usage,
)
from core.errors import StoreError

T = TypeVar("T")

BOOKMARK_MEMORY = 30 * 86_400.0
"""Seconds after its last note for which a place is known (`core.ports.Bookmarks`)."""
RECEIPT_MEMORY = 86_400.0
"""Seconds for which a request that carries a key is known (`core.ports_sharing.Receipts`)."""
UNSAID_MEMORY = 86_400.0
"""Seconds after which nobody is told any more what was not said (`core.ports_sharing.Outbox`)."""


def storable(text: str) -> str:
    """*text* as every backend can keep it: halves of a surrogate pair that belong together become the character they
    stand for, lone ones become U+FFFD. The same text always becomes the same, so an identifier stays one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def removed(number: int) -> ConversationId:
    """Nobody's conversation, whose ledger has what removed ones used. One is enough where there are no partitions."""
    return ConversationId(f"removed/{number}")


class Codec(Generic[T]):
    """One type's JSON. What cannot be read raises StoreError, whose message holds nothing of the content."""

    def __init__(self, kind: type[T]) -> None:
        self._name = kind.__name__
        self._one = TypeAdapter(kind)
        self._many = TypeAdapter(tuple[kind, ...])  # type: ignore[valid-type]  # a type made at run time

    def encode(self, value: T) -> str:
        try:
            return self._one.dump_json(value).decode()
        except PydanticSerializationError:
            clean = self._one.validate_python(_cleaned(self._one.dump_python(value)))
            return self._one.dump_json(clean).decode()

    def decode(self, text: str | bytes) -> T:
        try:
            return self._one.validate_json(text)
        except ValidationError:
            raise self._unreadable() from None

    def decode_all(self, texts: Iterable[str]) -> tuple[T, ...]:
        """Many at once, which costs less than one by one."""
        try:
            return self._many.validate_json("[" + ",".join(texts) + "]")
        except ValidationError:
            raise self._unreadable() from None

    def _unreadable(self) -> StoreError:
        return StoreError(f"The store holds a {self._name} that this version cannot read.")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as it is copied. `position` orders the messages of its conversation."""

    conversation: ConversationId
    position: int
    message: Message


@dataclass(frozen=True, slots=True)
class RefRow:
    """*ref* shows *message*. `position` orders the refs of a conversation."""

    conversation: ConversationId
    position: int
    ref: Ref
    message: MessageId


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What one conversation used on one UTC day, written ``2026-11-21``."""

    conversation: ConversationId
    day: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class FactsRow:
    model: str
    facts: ModelFacts


@dataclass(frozen=True, slots=True)
class BookmarkRow:
    """noted: when, in Unix seconds."""

    lane: str
    place: str
    position: int
    noted: float


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A turn that waits, is held or is set aside (`aside`), as it is copied; nobody holds it in the new store.

    position: orders the turns of its conversation.
    events: the platform events that make it up, the turn's own first.
    ready: Unix seconds from which it can be claimed.
    fixed: it was claimed before; `parent` and `epoch` are those of its first claim.
    revised: the stored question that it edits.
    """

    turn: TurnId
    position: int
    incoming: Incoming
    events: tuple[TurnId, ...]
    ready: float
    attempts: int = 0
    fixed: bool = False
    parent: MessageId | None = None
    epoch: int = 0
    revised: MessageId | None = None
    stop: bool = False
    aside: SetAside | None = None


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """at: the last activity, Unix seconds."""

    owner: PersonId
    conversation: ConversationId
    title: str
    at: float


@dataclass(frozen=True, slots=True)
class SecretRow:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A request that carries a key, as it is copied; nobody is at it in the new store. body: what was answered, if it
    was. expires: Unix seconds."""

    key: str
    digest: str
    body: str | None
    expires: float


INCOMING = Codec(Incoming)
MESSAGE = Codec(Message)
CONVERSATION = Codec(Conversation)
FACTS = Codec(ModelFacts)
USAGE = Codec(Usage)
SET_ASIDE = Codec(SetAside)

# The kinds of `Record`, in the order in which they are copied: what others point to comes first.
CONVERSATION_RECORD = "conversation"
MESSAGE_RECORD = "message"
REF_RECORD = "ref"
USAGE_RECORD = "usage"
FACTS_RECORD = "facts"
BOOKMARK_RECORD = "bookmark"
SHELF_RECORD = "shelf"
SECRET_RECORD = "secret"  # noqa: S105  # the name of a kind
RECEIPT_RECORD = "receipt"
TURN_RECORD = "turn"

MESSAGE_ROW = Codec(MessageRow)
REF_ROW = Codec(RefRow)
USAGE_ROW = Codec(UsageRow)
FACTS_ROW = Codec(FactsRow)
BOOKMARK_ROW = Codec(BookmarkRow)
SHELF_ROW = Codec(ShelfRow)
SECRET_ROW = Codec(SecretRow)
RECEIPT_ROW = Codec(ReceiptRow)
TURN_ROW = Codec(TurnRow)


def record_key(*parts: str) -> str:
    """The `key` of a record, from what identifies it: conversation and message, for example."""
    return "\n".join(parts)

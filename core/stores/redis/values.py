"""What scripts give and take, as the domain's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.domain import (
    Conversation,
    ConversationId,
    Incoming,
    Message,
    MessageId,
    Ref,
    SetAside,
    Turn,
    TurnId,
    Usage,
)
from core.stores.codec import BOOKMARK_MEMORY, INCOMING, MESSAGE, BookmarkRow, MessageRow, ReceiptRow, TurnRow

_USAGE_FIELDS = ("prompt", "cached", "completion", "reasoning", "cost", "calls")
Fields = Mapping[str, str]


def fields_of(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def conversation_of(conversation: ConversationId, fields: Fields) -> Conversation:
    failed = fields.get("failed")
    return Conversation(
        id=conversation,
        head=MessageId(fields["head"]) if fields.get("head") else None,
        epoch=int(fields.get("epoch", 0)),
        model=fields.get("model", ""),
        persona=fields.get("persona", ""),
        failed=INCOMING.decode(failed) if failed else None,
    )


def conversation_fields(conversation: Conversation) -> list[str]:
    fields = {
        "head": conversation.head or "",
        "epoch": str(conversation.epoch),
        "model": conversation.model,
        "persona": conversation.persona,
        "failed": INCOMING.encode(conversation.failed) if conversation.failed else "",
    }
    return [word for name, value in fields.items() if value for word in (name, value)]


def incoming_of(fields: Fields) -> Incoming:
    """The first part's message with the parts of those that joined it."""
    first = INCOMING.decode(fields["incoming"])
    parts = INCOMING.decode(fields["revised"]).parts if "revised" in fields else first.parts
    for number in range(1, int(fields.get("more", 0)) + 1):
        parts += INCOMING.decode(fields[f"more:{number}"]).parts
    return replace(first, parts=parts)


def turn_of(turn: str, fields: Fields, conversation: Fields, shown: Sequence[str]) -> Turn:
    now = conversation_of(ConversationId(fields["conv"]), conversation)
    return Turn(
        id=TurnId(turn),
        incoming=incoming_of(fields),
        conversation=replace(now, epoch=int(fields["epoch"])),
        token=int(fields["token"]),
        attempt=int(fields["attempts"]),
        parent=MessageId(fields["parent"]) if fields["parent"] else None,
        shown=tuple(map(Ref, shown)),
        stop_requested="stop" in fields,
        requeued="reason" in fields,
    )


def turn_row(turn: TurnId, fields: Fields, events: Sequence[str]) -> TurnRow:
    return TurnRow(
        turn=turn,
        position=int(fields["seq"]),
        incoming=incoming_of(fields),
        events=(turn, *map(TurnId, events)),
        ready=float(fields["ready"]),
        attempts=int(fields["attempts"]),
        fixed="fixed" in fields,
        parent=MessageId(fields["parent"]) if fields.get("parent") else None,
        epoch=int(fields.get("epoch", 0)),
        revised=MessageId(fields["edits"]) if "edits" in fields else None,
        stop="stop" in fields,
        aside=set_aside_of(turn, fields) if fields["state"] == "aside" else None,
    )


def set_aside_of(turn: TurnId, fields: Fields) -> SetAside:
    conversation, at = ConversationId(fields["conv"]), float(fields["aside_at"])
    return SetAside(turn, conversation, at, int(fields["attempts"]), fields["reason"])


def turn_fields(row: TurnRow) -> list[str]:
    incoming = row.incoming
    fields: dict[str, str | None] = {
        "lane": incoming.lane,
        "incoming": INCOMING.encode(incoming),
        "ready": repr(row.ready),
        "attempts": str(row.attempts),
        "reply_to": incoming.reply_to,
        "edits": row.revised,
        "group": incoming.group,
        "again": incoming.again or incoming.show,
        "replaces": incoming.replaces,
        "show": incoming.show,
        "stop": "1" if row.stop else None,
    }
    if row.fixed:
        fields |= {"fixed": "1", "parent": row.parent or "", "epoch": str(row.epoch)}
    if row.aside:
        fields |= {"reason": row.aside.reason, "aside_at": repr(row.aside.at)}
    return [word for name, value in fields.items() if value is not None for word in (name, value)]


def unpacked(packed: str) -> tuple[int, str]:
    """Position and JSON of a kept message; `lua/common/conversations.lua` says how they are packed."""
    position, _, _, length, rest = packed.split(" ", 4)
    text = rest[int(length) :] if rest.isascii() else rest.encode()[int(length) :].decode()
    return int(position), text


def message_of(packed: str) -> Message:
    return MESSAGE.decode(unpacked(packed)[1])


def message_row(conversation: ConversationId, packed: str) -> MessageRow:
    position, text = unpacked(packed)
    return MessageRow(conversation, position, MESSAGE.decode(text))


def bookmark_row(mark: str, position: str, until: str) -> BookmarkRow:
    lane, _, place = mark.partition("\n")
    return BookmarkRow(lane, place, int(position), float(until) - BOOKMARK_MEMORY)


def receipt_row(key: str, digest: str, expires: str, body: str | None = None) -> ReceiptRow:
    return ReceiptRow(key, digest, body, float(expires))


def message_arguments(message: Message) -> list[str | int]:
    total = message.total
    return [message.id, message.parent or "", total.o200k, total.cl100k, MESSAGE.encode(message)]


def usage_fields(usage: Usage) -> list[str | int]:
    values = {name: getattr(usage, name) for name in _USAGE_FIELDS}
    return [word for name, value in values.items() if value is not None for word in (name, value)]


def usage_by_day(fields: Fields) -> dict[str, Usage]:
    days: dict[str, dict[str, int]] = {}
    for name, number in fields.items():
        day, _, field = name.partition(" ")
        days.setdefault(day, {})[field] = int(number)
    return {day: Usage(**values) for day, values in sorted(days.items())}

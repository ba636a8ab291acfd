"""What there is on the tests' Telegram, who may do what there, and what the bot hears of it."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.telegram_flood import Flood, Limits
from tests.support.telegram_rules import Refused, bad, forbidden, found
from tests.support.telegram_updates import Updates
from tests.support.telegram_world import (
    ADMINISTRATOR,
    BOT,
    BOT_NAME,
    KICKED,
    LEFT,
    RESTRICTED,
    Fault,
    Place,
    person,
    private,
    world,
)

PREVIEW = 30.0
"""Seconds for which a draft is visible (sendMessageDraft)."""
CONTENTS = frozenset({"text", "photo", "document", "sticker", "location", "poll", "dice", "voice", "video", "audio"})
"""A message with none of these is a service message."""
NO_GROUP = -1_000_000_000_000
"""Below are the ids of supergroups and channels."""


@dataclass(frozen=True)
class Draft:
    """at: Unix seconds."""

    chat: int
    id: int
    text: str
    entities: list[dict[str, Any]]
    thread: int
    at: float
    stoppable: bool


@dataclass
class TelegramState:
    """privacy: the bot hears of a group only what its privacy mode lets through. topics: its private chats have topics.
    latency: seconds before each answer. lacks: methods, in lower case, that are newer than this server."""

    privacy: bool = False
    topics: bool = False
    limits: Limits = field(default_factory=Limits)
    latency: float = 0.0
    lacks: frozenset[str] = frozenset()
    now: Callable[[], float] = time.time
    messages: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    writes: list[tuple[str, int, int, str]] = field(default_factory=list)
    """Every new message, edit and deletion that was done: ``create``, ``edit`` or ``delete``, chat, message, text."""
    refused: list[dict[str, Any]] = field(default_factory=list)
    """Every 400, 401 and 404, with the method it answered, but for edits that would have changed nothing."""
    unchanged: int = 0
    """The number of those."""
    mended: list[dict[str, Any]] = field(default_factory=list)
    """Texts whose entities Telegram had to put in order or drop: what was given, what it made of it."""
    drafts: list[Draft] = field(default_factory=list)
    previews: dict[tuple[int, int], Draft] = field(default_factory=dict)
    """The last draft by chat and id, until a message of the bot takes its place."""
    typing: Counter[int] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    """By method, in lower case."""
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fields of the answers to callback and inline queries, by the query's id."""
    reactions: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    """By scope (its JSON, sorted) and language."""
    profile: dict[tuple[str, str], str] = field(default_factory=dict)
    """``name``, ``description`` and ``short_description``, by language."""
    inline: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was sent by an inline query, by its inline_message_id: text, entities, reply_markup."""
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Path and content, by file_id."""
    languages: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.updates = Updates(self.now)
        self.places: dict[int, Place] = world()
        self.flood = Flood(self.limits)
        self._ids: dict[int, itertools.count[int]] = {}
        self._serial = itertools.count(1)
        self._queries: dict[str, tuple[float, dict[str, Any]]] = {}

    # who may do what

    def _place(self, chat: int | None, *, write: bool = True) -> Place:
        """Raises Refused where the bot has no access to *chat*, in the words of the case."""
        place = self.places.get(chat or 0)
        if place is None:
            raise bad("chat not found" if chat else "chat_id is empty")
        if place.moved_to:
            told = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(400, told, migrate_to_chat_id=place.moved_to)
        kind = place.chat["type"]
        if place.status == KICKED and (write or kind != "private"):
            raise forbidden(
                "bot was blocked by the user" if kind == "private" else f"bot was kicked from the {kind} chat"
            )
        if place.status == LEFT:
            raise forbidden(f"bot is not a member of the {kind} chat")
        if write and not place.started:
            raise forbidden("bot can't initiate conversation with a user")
        if write and place.status == RESTRICTED:
            raise bad("not enough rights to send text messages to the chat")
        return place

    def _thread(self, place: Place, thread: int) -> int:
        """Raises Refused where there is no such topic. Where there are none at all, the number means nothing."""
        has = place.chat.get("is_forum") or (place.chat["type"] == "private" and (self.topics or place.topics))
        if not thread or not has:
            return 0
        if thread not in place.topics:
            raise bad("message thread not found")
        if place.topics[thread].closed and place.status != ADMINISTRATOR:
            raise bad("TOPIC_CLOSED")
        return thread

    # messages

    def _new(self, chat: int, author: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        """A message that is there from now on. content: whatever there is of it beyond who, where and when."""
        shown = self.places[chat].chat
        message = {"message_id": self._message_id(chat), **author, "chat": shown, "date": int(self.now())} | content
        self.messages[chat, message["message_id"]] = message
        if message.get("from", {}).get("is_bot"):
            self.places[chat].last_bot = message["from"]["id"]
        return message

    def _message_id(self, chat: int) -> int:
        """Supergroups and channels count for themselves, all the rest of what a bot sees together."""
        return next(self._ids.setdefault(chat if chat < NO_GROUP else 0, itertools.count(101)))

    def _about_reply(self, chat: int, message_id: int) -> dict[str, Any]:
        """What a reply to that message carries; empty when it is gone."""
        original = self.messages.get((chat, message_id))
        if original is None:
            return {}
        told: dict[str, Any] = {"reply_to_message": {k: v for k, v in original.items() if k != "reply_to_message"}}
        thread = original.get("message_thread_id")
        if thread is None and original["chat"]["type"] == "supergroup" and "is_forum" not in original["chat"]:
            thread = message_id  # replies in a supergroup form a thread, named after its first message
        if thread is not None:
            told["message_thread_id"] = thread
        if original.get("is_topic_message"):
            told["is_topic_message"] = True
        return told

    def _in_topic(self, thread: int) -> dict[str, Any]:
        return {"message_thread_id": thread, "is_topic_message": True} if thread else {}

    def _person(self, id_: int) -> dict[str, Any]:
        return person(id_, self.languages.get(id_, "en"))

    def _meet(self, id_: int) -> int:
        """The private chat with *id_*, which is there and open from now on."""
        place = self.places.setdefault(id_, Place(private(id_)))
        place.started = True
        return id_

    # what the bot hears

    def _announce(self, kind: str, message: dict[str, Any]) -> int | None:
        """The update's id; None when the bot hears nothing of it."""
        return self.updates.publish(kind, message) if self._hears(message) else None

    def _hears(self, message: dict[str, Any]) -> bool:
        """What Telegram's FAQ for bots says under "What messages will my bot get?": in privacy mode commands for it,
        general ones where it spoke last, replies to it, service messages. A mention alone is not on that list."""
        place = self.places[message["chat"]["id"]]
        if place.status in {LEFT, KICKED}:
            return False
        if message.get("from", {}).get("is_bot") and "sender_chat" not in message:
            return False  # bots do not see what bots write
        if not self.privacy or place.chat["type"] in {"private", "channel"} or place.status == ADMINISTRATOR:
            return True
        replied = message.get("reply_to_message", {}).get("from", {}).get("id") == BOT
        return replied or not CONTENTS & set(message) or self._is_command_for_it(place, message.get("text", ""))

    def _is_command_for_it(self, place: Place, text: str) -> bool:
        first = next(iter(found(text, [])), None)
        if first is None or first["type"] != "bot_command" or first["offset"]:
            return False
        name, _, addressee = text[1 : first["length"]].partition("@")
        return addressee.lower() == BOT_NAME if addressee else bool(name) and place.last_bot == BOT

    # queries

    def _ask(self, kind: str, event: dict[str, Any]) -> str:
        """A callback or inline query; its id."""
        query = f"{next(self._serial):018d}"
        self._queries[query] = (self.now(), event)
        self.updates.publish(kind, {"id": query, **event})
        return query

    def file(self, name: str, content: bytes, kind: str = "text/plain") -> dict[str, Any]:
        """A document that lies on Telegram's servers from now on."""
        number = next(self._serial)
        file_id = f"BQACAgIAAxkBAAI{number:06d}"
        self.files[file_id] = (f"documents/file_{number}.{name.rpartition('.')[2]}", content)
        shown = {"file_id": file_id, "file_unique_id": f"AgAD{number:06d}", "file_size": len(content)}
        return {"file_name": name, "mime_type": kind, **shown}

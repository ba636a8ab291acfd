"""A conversation as documents: the current branch as Markdown, the whole tree as JSON. Pure.

The JSON document is one object::

    {"format": "parlour-conversation", "version": 1, "conversation": id, "exported_at": time,
     "head": message id or null, "model": name, "persona": name,
     "messages": [{"id", "parent", "role": "user" | "assistant", "at": time, "author", "model", "finish",
                   "parts": [{"kind": "text", "text"}],
                   "usage": {"prompt", "cached", "completion", "reasoning", "calls", "cost_nano_usd"} or null}, …]}

Times are ISO 8601 in UTC, token numbers tokens, `cost_nano_usd` billionths of a dollar or null where no price is known.
Messages stand oldest first; `parent` null begins a conversation anew (/new).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from core.domain import Conversation, Message, MessageId, Role, Usage
from core.wording import Sentence, say


@dataclass(frozen=True, slots=True)
class Document:
    """A file for the user. `name` is safe as a file name on every system."""

    name: str
    media_type: str
    content: bytes


def branch(messages: Sequence[Message], head: MessageId | None) -> tuple[Message, ...]:
    """The path from the root to *head*."""
    known = {message.id: message for message in messages}
    path = []
    while head is not None and head in known:
        path.append(known[head])
        head = known[head].parent
    return tuple(reversed(path))


def markdown(conversation: Conversation, path: Sequence[Message], at: float, language: str) -> Document:
    """The branch *path*, exported at the Unix time *at*."""
    title = f"# {conversation.id} · {_readable(at)}"
    sections = [f"## {_speaker(message, language)} · {_readable(message.at)}\n\n{message.text}" for message in path]
    text = "\n\n".join([title, *sections]) + "\n"
    return Document(f"{stem(conversation.id, at)}.md", "text/markdown; charset=utf-8", _bytes(text))


def tree(conversation: Conversation, messages: Sequence[Message], at: float) -> Document:
    """All branches, exported at the Unix time *at*."""
    content = {
        "format": "parlour-conversation",
        "version": 1,
        "conversation": conversation.id,
        "exported_at": iso(at),
        "head": conversation.head,
        "model": conversation.model,
        "persona": conversation.persona,
        "messages": [described(message) for message in messages],
    }
    return as_json(stem(conversation.id, at), content)


def as_json(name: str, content: Mapping[str, object]) -> Document:
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return Document(f"{name}.json", "application/json", _bytes(text))


def described(message: Message) -> Mapping[str, object]:
    """As it stands in the JSON document."""
    return {
        "id": message.id,
        "parent": message.parent,
        "role": message.role.value,
        "at": iso(message.at),
        "author": message.author,
        "model": message.model,
        "finish": message.finish and message.finish.value,
        "parts": [asdict(part) for part in message.parts],
        "usage": message.usage and _usage(message.usage),
    }


def _usage(usage: Usage) -> Mapping[str, int | None]:
    counts = asdict(usage)
    return {**{name: counts[name] for name in counts if name != "cost"}, "cost_nano_usd": usage.cost}


def _speaker(message: Message, language: str) -> str:
    if message.role is Role.ASSISTANT:
        return message.model
    return message.author or say(Sentence.ROLE_YOU, language)


def iso(at: float) -> str:
    """The Unix time *at* in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _readable(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def stem(id_: str, at: float) -> str:
    """A file's name, without its suffix, for what is exported of *id_* at the Unix time *at*."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", id_).strip("-")[:80]
    return f"{name}-{datetime.fromtimestamp(at, UTC):%Y%m%d-%H%M%S}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")

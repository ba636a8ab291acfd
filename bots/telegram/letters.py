"""What the bot says besides answers: cut into messages, and in the form in which these are kept until they are sent."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from telegram import InlineKeyboardMarkup

from bots.shared.split import split, utf16_units
from bots.shared.surface import SurfaceRefused
from bots.telegram.render import LENGTH, WORD_JOINER
from bots.telegram.translate import Place
from core.conversations.exporting import Document

_MENTION = re.compile(r"@(?=\w)")


@dataclass(frozen=True, slots=True)
class Remark:
    """Plain text, with what goes along. replies_to: a message's id, shown as what this is about in groups."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None
    documents: Sequence[Document] = ()
    replies_to: int | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """Messages to *place* that are still to be sent. Each has either text that fits or one document."""

    place: Place
    messages: tuple[Remark, ...]

    @classmethod
    def of(cls, place: Place, remark: Remark) -> Self:
        texts = split(silenced(remark.text), limit=LENGTH, measure=utf16_units)
        about = None if place.private else remark.replies_to
        messages = [Remark(text, replies_to=about) for text in texts]
        messages[-1] = replace(messages[-1], keyboard=remark.keyboard)
        messages += [Remark("", documents=(document,)) for document in remark.documents]
        return cls(place, tuple(messages))

    def rest(self) -> Letter:
        """Without the first message."""
        return replace(self, messages=self.messages[1:])

    def encode(self) -> str:
        return json.dumps([self.place.chat, self.place.topic, [_encoded(message) for message in self.messages]])

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises SurfaceRefused for what another version wrote in another way."""
        try:
            chat, topic, messages = json.loads(text)
            return cls(Place(chat, topic), tuple(map(_decoded, messages)))
        except (ValueError, TypeError) as problem:
            raise SurfaceRefused(f"a reply that another version left cannot be read: {problem!r}") from problem


def silenced(text: str) -> str:
    """*text*, in which people's and the model's own words may stand, so that it mentions nobody."""
    return _MENTION.sub(f"@{WORD_JOINER}", text)


def _encoded(message: Remark) -> list[Any]:
    keyboard = message.keyboard.to_dict() if message.keyboard else None
    files = [(file.name, file.media_type, b64encode(file.content).decode()) for file in message.documents]
    return [message.text, keyboard, files, message.replies_to]


def _decoded(encoded: list[Any]) -> Remark:
    text, keyboard, files, about = encoded
    documents = tuple(Document(name, kind, b64decode(content)) for name, kind, content in files)
    return Remark(text, InlineKeyboardMarkup.de_json(keyboard, None) if keyboard else None, documents, about)

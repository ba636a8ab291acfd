"""Finding words in titles and messages, the same in every backend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from pydantic_core import to_json

from core.domain import ConversationId
from core.domain_sharing import Found, Shelved
from core.stores.codec import MESSAGE, storable

_LOOKED_AT = 5_000
"""Messages that one search looks at (`core.ports_sharing.Shelf.search`)."""
_BEFORE, _AROUND = 40, 160  # characters of an excerpt: before the first word, and in all


class Words:
    """What is looked for; none at all are in every text."""

    def __init__(self, text: str) -> None:
        self._words = tuple(storable(text).casefold().split())
        self._as_json = tuple(to_json(word).decode()[1:-1] for word in self._words)

    def all_in(self, text: str) -> bool:
        folded = text.casefold()
        return all(word in folded for word in self._words)

    def first_excerpt(self, texts: Iterable[str]) -> str | None:
        """Of the first text that has all the words; None where none has."""
        return next((self._around(text) for text in texts if self.all_in(text)), None)

    def likely(self, messages: Iterable[str]) -> Iterable[str]:
        """The texts of kept messages, as JSON, but for most of those that have not all the words: they stay unread."""
        for message in messages:
            folded = message.casefold()
            if all(word in folded for word in self._as_json):
                yield MESSAGE.decode(message).text

    def _around(self, text: str) -> str:
        line = " ".join(text.split())
        place = _unfolded(line, line.casefold().find(self._words[0])) if self._words else 0
        first = max(0, place - _BEFORE)
        return ("…" if first else "") + line[first : first + _AROUND] + ("…" if first + _AROUND < len(line) else "")


Look = Callable[[ConversationId, int], Awaitable[tuple[int, str | None]]]
"""Of a conversation and at most so many of its messages, the newest first: how many were looked at, and the excerpt of
the one that was found, if one was."""


async def search(shelf: Sequence[Shelved], words: Words, limit: int, look: Look) -> tuple[Found, ...]:
    """As `core.ports_sharing.Shelf.search` says."""
    found: list[Found] = []
    left = _LOOKED_AT
    for shelved in shelf:
        if len(found) == limit:
            break
        excerpt: str | None = ""
        if not words.all_in(shelved.title):
            looked_at, excerpt = await look(shelved.conversation, left)
            left -= looked_at
        if excerpt is not None:
            found.append(Found(shelved.conversation, shelved.title, shelved.at, excerpt))
    return tuple(found)


def _unfolded(text: str, place: int) -> int:
    """The place in *text* of what stands at *place* in its folded form, which may be longer."""
    length = 0
    for index, character in enumerate(text):
        if length >= place:
            return index
        length += len(character.casefold())
    return 0

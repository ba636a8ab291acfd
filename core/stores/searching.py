"""Finding words in titles and messages, the same in every backend."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_core import to_json

from core.stores.codec import MESSAGE, storable

LOOKED_AT = 5_000
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

    def first_excerpt(self, messages: Iterable[str]) -> str | None:
        """Of kept messages, as JSON: of the first whose text has all the words; None where none has."""
        return next((excerpt for message in messages if (excerpt := self._excerpt(message)) is not None), None)

    def _excerpt(self, message: str) -> str | None:
        """Most are turned away unread."""
        folded = message.casefold()
        if not all(word in folded for word in self._as_json):
            return None
        text = MESSAGE.decode(message).text
        return self._around(text) if self.all_in(text) else None

    def _around(self, text: str) -> str:
        line = " ".join(text.split())
        place = _unfolded(line, line.casefold().find(self._words[0])) if self._words else 0
        first = max(0, place - _BEFORE)
        return ("…" if first else "") + line[first : first + _AROUND] + ("…" if first + _AROUND < len(line) else "")


def _unfolded(text: str, place: int) -> int:
    """The place in *text* of what stands at *place* in its folded form, which may be longer."""
    length = 0
    for index, character in enumerate(text):
        if length >= place:
            return index
        length += len(character.casefold())
    return 0

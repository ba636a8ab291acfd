"""Splitting long Markdown into messages: at a paragraph, a line, a sentence, a word, and never inside a grapheme.

While a text grows, the pieces that are full stay as they are: where a piece ends depends on nothing but its own text up
to the first character that did not fit. A code fence that runs on is closed and opened again, with its language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from wcwidth import iter_graphemes

LEAST = 256
"""Units. With less, a reopened fence might leave no room for a line."""
LONGEST_CLOSER = 17
"""Characters of a line break and the longest fence."""

_INDENT = r"[ \t]{0,12}"
_MARKER = r"(?:(?:[-*+]|\d{1,3}[.)])[ \t]{1,4})?"
_OPENS = re.compile(rf"{_INDENT}{_MARKER}(?P<mark>`{{3,16}}|~{{3,16}})(?P<info>[^`~\n]{{0,60}})\Z")
"""A fence, also indented or behind a list's marker, where models like to put it."""
_MAY_OPEN = re.compile(rf"{_INDENT}{_MARKER}(?:`{{1,2}}\Z|~{{1,2}}\Z|`{{3,}}[^`\n]{{0,60}}\Z|~{{3,}}[^~\n]{{0,60}}\Z)")
"""What is a fence, or may become one with the next characters."""
_CLOSES = re.compile(rf"{_INDENT}(?P<mark>`{{1,16}}|~{{1,16}})[ \t\r]*\Z")
_LONGEST_FENCE_LINE = 120
_LANGUAGE = re.compile(r"\s*(?P<name>[\w+#.-]{0,20})")

_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
_SENTENCE = re.compile(r"(?<!\d)[.!?…][\"'”’)\]*_]*\s+|[。！？][”’」』）]*")
_WORD = re.compile(r"\s+|[，、；：]")


@dataclass(frozen=True, slots=True)
class Fence:
    """An open one: the mark that closes it, and its language."""

    mark: str
    language: str

    @property
    def opener(self) -> str:
        return f"{self.mark}{self.language}\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """before, after: a fence opened again and closed, which the text does not have there."""

    before: str
    text: str
    after: str

    def __str__(self) -> str:
        return self.before + self.text + self.after


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """*text* as messages of at most *limit* units, each with its fences closed. As `pieces`."""
    return [str(piece) for piece in pieces(text, limit, measure)]


def fenced_lines(text: str) -> Iterator[tuple[str, Fence | None, Fence | None]]:
    """Each line of *text*, with the fence that is open before it and the one that is open after it."""
    fence = None
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        before, fence = fence, _after(line, fence)
        yield line, before, fence


def utf16_units(text: str) -> int:
    """What Telegram counts: https://core.telegram.org/api/entities#entity-length."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def pieces(text: str, limit: int, measure: Callable[[str], int] = len) -> Iterator[Piece]:
    """The pieces of *text*, which are *text* again when put together.

    limit: units at most, at least `LEAST`; ValueError for less. measure: units of a text; those of two texts put
    together are the sum of theirs. A single grapheme longer than a message is cut all the same.
    """
    if limit < LEAST:
        raise ValueError(f"a message holds at least {LEAST} units, not {limit}")
    start, fence = 0, None
    while start < len(text):
        window = _Window(text, start, fence, measure)
        end = window.overflow(limit)
        cut = len(text) if end is None else window.cut(end)
        before = fence.opener if fence else ""
        fence, after = window.state_at(cut)
        yield Piece(before, text[start:cut], after)
        start = cut


class _Window:
    """The text from *start* on, where *fence* is open. A cut in the middle of a line makes two lines of it, as a reader
    of the messages sees it."""

    def __init__(self, text: str, start: int, fence: Fence | None, measure: Callable[[str], int]) -> None:
        self._text = text
        self._start = start
        self._measure = measure
        self._room = measure(fence.opener) if fence else 0
        self._lines: list[tuple[int, Fence | None]] = [(start, fence)]
        """Where each line begins, and the fence that is open there; as far as it was read."""

    def overflow(self, limit: int) -> int | None:
        """The first position up to which the text does not fit, its fence closed; None when all of it does."""
        room = limit - self._room
        start, fence = self._lines[0]
        while start < len(self._text):
            end = self._text.find("\n", start) + 1 or len(self._text)
            line = self._text[start:end]
            size = self._measure(line)
            if size + LONGEST_CLOSER > room and (fitting := self._fitting(line, fence, room)) < len(line):
                return start + fitting + 1
            room -= size
            start, fence = end, _after(line, fence)
            if line.endswith("\n"):
                self._lines.append((start, fence))
        return None

    def cut(self, overflow: int) -> int:
        """The best place to end a piece before *overflow*, by nothing but the text before it."""
        last = overflow - 1
        late = self._start + max(1, (last - self._start) // 2)
        known = self._text[self._start : overflow]
        ends = list(accumulate(map(len, iter_graphemes(known)), initial=self._start))[1:-1]
        whole = frozenset(ends)
        for places in (*self._wanted(known), ends):
            for place in reversed(places):
                if place in whole and (place >= late or places is ends) and self._allowed(place, overflow):
                    return place
        return last

    def state_at(self, end: int) -> tuple[Fence | None, str]:
        """The fence that is open at *end*, and what closes it there."""
        start, fence = next(line for line in reversed(self._lines) if line[0] <= end)
        line = self._text[start:end]
        return _after(line, fence), _closer(line, fence)

    def _fitting(self, line: str, fence: Fence | None, room: int) -> int:
        """How many characters of *line* fit, each shorter beginning of it fitting as well."""
        size = 0
        for end, character in enumerate(line, start=1):
            size += self._measure(character)
            if size + len(_closer(line[:end], fence)) > room:
                return end - 1
        return len(line)

    def _wanted(self, known: str) -> Iterator[list[int]]:
        """Places to end at, the best kind first."""
        lines = [start for start, _ in self._lines[1:]]
        outside = [start for start, fence in self._lines[1:] if fence is None]
        paragraphs = {self._start + match.end() for match in _PARAGRAPH.finditer(known)}
        yield [start for start in outside if start in paragraphs]
        yield outside
        yield lines
        for kind in (_SENTENCE, _WORD):
            yield [self._start + match.end() for match in kind.finditer(known)]

    def _allowed(self, place: int, overflow: int) -> bool:
        """What stands in the middle of a line must not look like a fence at the beginning of a message."""
        if self._text[place - 1] == "\n":
            return True
        end = self._text.find("\n", place, overflow)
        return _MAY_OPEN.match(self._text[place : overflow if end < 0 else end]) is None


def _after(line: str, fence: Fence | None) -> Fence | None:
    """The fence that is open after *line*, or after its beginning, where *fence* was before it."""
    line = line.rstrip("\n")
    if len(line) > _LONGEST_FENCE_LINE:
        return fence
    if fence is None:
        opened = _OPENS.match(line)
        return Fence(opened["mark"], _language(opened["info"])) if opened else None
    closed = _CLOSES.match(line)
    return None if closed and closed["mark"].startswith(fence.mark) else fence


def _closer(line: str, fence: Fence | None) -> str:
    """What has to follow *line*, or its beginning, so that no fence is open. A closing fence of which the first
    characters are there already is completed."""
    still = _after(line, fence)
    if still is None:
        return ""
    if not line or line.endswith("\n"):
        return still.mark
    begun = _CLOSES.match(line) if fence and len(line) <= _LONGEST_FENCE_LINE else None
    if begun and not line[-1].isspace() and still.mark.startswith(begun["mark"]):
        return still.mark.removeprefix(begun["mark"])
    return f"\n{still.mark}"


def _language(info: str) -> str:
    name = _LANGUAGE.match(info)
    return name["name"] if name else ""

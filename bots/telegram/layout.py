"""How a long answer becomes several messages.

What is not taken apart where it fits into a message (a paragraph, an item of a list, a table, code) is here a *unit*. A
unit begins where its first line says so by its first character, so one that is followed by another never changes while the
text grows. Whether a unit still goes into a message is decided by what the message shows before it, exactly, and by what
the unit may come to show at most, which only rises while it is written. So messages that are full stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from wcwidth import wcwidth

from bots.shared.split import fenced_lines, split, utf16_units
from bots.telegram.render import LENGTH, cleaned, rendered
from bots.telegram.spans import MOST
from bots.telegram.tables import WIDEST, is_rule, most_columns

BETWEEN = 2
"""Units between two units of text: an empty line."""
FENCE = 3
"""Units that the line of a code fence counts at most; it is not shown."""
TABLE_LINE = WIDEST + 4
"""Units that a line of a table may show, however short it is."""
HEAD = 1024
"""Units of a table's head at most, if it is to be written again above the rows of each further message."""
GROWTH = 3
"""Units that the number of an item may grow by: a list counts on from its first."""
WORTH = 200
"""Units for which it is worth while to look at a message exactly."""

_BEGINS = re.compile(r"[ \t]{0,12}[`~]| {0,3}(?:[-*+#\d])")
"""A line that may open a fence, an item or a heading."""
_BLANK = re.compile(r"[ \t>]*\n?")
_INDENT = re.compile(r"[ \t]*")
_FORMULA = re.compile(r"\$|\\[(\[]")
_BLOCK = re.compile(r"\A(?: {4}|[ \t]*[#>|\t])|\n")
"""What may be an entity as a whole: a heading, a quote, a table, code."""
_PAIRED = re.compile(r"\*{3,}|_{3,}|\*\*?|__?|~~|`+|\|\||\$+")
_SINGLE = re.compile(r"\]\(|<\w[\w+.-]*[:@]|://")
_SIGNS = re.compile(r"[*_~`|$\[<]")


def laid_out(text: str) -> Sequence[str]:
    """The Markdown of each message. `render.rendered` makes of each at most `LENGTH` units and `MOST` entities."""
    parts = [_Part()]
    for unit in _units(cleaned(text)):
        if parts[-1].text and not parts[-1].takes(unit):
            parts.append(_Part())
        if parts[-1].text or parts[-1].takes(unit):
            parts[-1].add(unit)
        else:
            parts[-1:] = [_Part(piece, *_shown(piece)) for piece in _taken_apart(unit)]
    return [_dedented(part.text) for part in parts if part.text.strip()]


@dataclass(slots=True)
class _Part:
    """A message. length, entities: at most what it shows. guessed: units of it that were only estimated; looked at exactly
    when it seems full and that is worth while."""

    text: str = ""
    length: int = -BETWEEN
    entities: int = 0
    guessed: int = 0

    def takes(self, unit: str) -> bool:
        if self._has_room(unit):
            return True
        if self.guessed >= WORTH:
            (self.length, self.entities), self.guessed = _shown(self.text), 0
        return self._has_room(unit)

    def add(self, unit: str) -> None:
        length, entities = _at_most(unit)
        self.text += unit
        self.length += BETWEEN + length
        self.entities += entities
        self.guessed += length

    def _has_room(self, unit: str) -> bool:
        length, entities = _at_most(unit)
        return self.length + BETWEEN + length <= LENGTH and self.entities + entities <= MOST


def _units(text: str) -> Iterator[str]:
    unit, ended, barred = "", False, False
    for line, before, after in fenced_lines(text):
        if before is None and not _BLANK.fullmatch(line):
            begins = after is not None or ended or bool(_BEGINS.match(line)) or (_is_barred(line) and not barred)
            if begins and unit:
                yield unit
                unit = ""
        unit += line
        ended = after is None and (before is not None or bool(_BLANK.fullmatch(line)))
        barred = _is_barred(line)
    if unit:
        yield unit


def _is_barred(line: str) -> bool:
    return line.lstrip(" \t>").startswith("|")


@lru_cache(maxsize=256)
def _shown(part: str) -> tuple[int, int]:
    """Units and entities of a message."""
    message = rendered(_dedented(part))
    return utf16_units(message.text), len(message.entities)


@lru_cache(maxsize=4096)
def _at_most(unit: str) -> tuple[int, int]:
    """Units and entities that *unit* and what it was before it was whole can show."""
    lines = list(fenced_lines(unit))
    fenced = lines[0][2] is not None
    if fenced and unit.startswith(("`", "~")):
        marks = sum(min(FENCE, utf16_units(line)) for line, *fences in lines if None in fences)
        return marks + sum(utf16_units(line) for line, *fences in lines if None not in fences), 1
    if _is_table(texts := [line for line, _, _ in lines if not _BLANK.fullmatch(line)]):
        return _table(texts), 1
    # Inside of another block, code may end sooner than its fence does.
    length, barred = 0, False
    for line, before, after in lines:
        if before or after or not _BLANK.fullmatch(line):
            barred = barred or "|" in line
            length += _table_line(line) if barred else _prose(line)
    return length + (0 if fenced else _formulas(unit)), _entities(unit)


def _prose(text: str) -> int:
    """With what breaks mentions and commands, tabs that become blanks, and numbers that grow."""
    return utf16_units(text) + 3 * text.count("\t") + text.count("@") + text.count("/") + GROWTH * text.count("\n")


def _table_line(text: str) -> int:
    return max(TABLE_LINE, _prose(text))


def _table(lines: Sequence[str]) -> int:
    """Units of a table at most. Its first two lines count as much as before it was one."""
    columns = most_columns(lines)
    rows = (max(_prose(line), columns + 1 + _narrow(line)) for line in lines[2:])
    return sum(map(_table_line, lines[:2])) + sum(rows)


@lru_cache(maxsize=2048)
def _narrow(text: str) -> int:
    """Units of what is less wide than it has units: marks above letters."""
    return sum(max(0, utf16_units(character) - max(0, wcwidth(character))) for character in text)


def _is_table(lines: Sequence[str]) -> bool:
    return len(lines) > 2 and _is_barred(lines[0]) and is_rule(lines[1])  # noqa: PLR2004  # a head, its rule, a row


def _formulas(text: str) -> int:
    """Units that formulas in *text* may grow by: the converter writes lines above letters as characters."""
    found = _FORMULA.search(text)
    return utf16_units(text[found.start() :]) if found else 0


def _entities(text: str) -> int:
    paired = sum(2 if len(found) > 2 and found[0] in "*_" else 1 for found in _PAIRED.findall(text))  # noqa: PLR2004  # *, ** or both
    return bool(_BLOCK.search(text.rstrip())) + (paired + 1) // 2 + len(_SINGLE.findall(text))


def _taken_apart(unit: str) -> Sequence[str]:
    """A unit that fits into no message, as the texts of several."""
    fences = list(fenced_lines(unit))
    lines = [line for line, _, _ in fences]
    if fences[0][2] is not None:
        return split(unit, LENGTH, utf16_units)
    if _is_table(lines) and sum(map(_table_line, lines[:2])) <= HEAD:
        return list(_rows(lines))
    return list(_pieces(unit))


def _rows(lines: Sequence[str]) -> Iterator[str]:
    """A table, in messages that each begin with its head."""
    head, part = list(lines[:2]), list(lines[:2])
    for row in lines[2:]:
        if _table([*part, row]) > LENGTH and part != head:
            yield "".join(part)
            part = list(head)
        if _table([*part, row]) > LENGTH:
            yield from _pieces(row)
        else:
            part.append(row)
    if part != head:
        yield "".join(part)


def _pieces(text: str) -> Iterator[str]:
    """Prose, at a line, a sentence or a word."""
    while text:
        window = text[: _reach(text)]
        is_plain = _entities(window) <= MOST and not _FORMULA.search(window) and "|" not in window
        piece = split(text, LENGTH, _prose if is_plain else _strict)[0]
        yield piece
        text = text[len(piece) :]


def _reach(text: str) -> int:
    """How many characters of *text* can matter for the first message: as much as it could hold of prose."""
    sizes = accumulate(map(_prose, text))
    return next((place for place, size in enumerate(sizes) if size > LENGTH), len(text))


def _strict(text: str) -> int:
    """Where there are formulas, tables or more entities than a message has."""
    return 2 * _prose(text) + 40 * len(_SIGNS.findall(text))


def _dedented(part: str) -> str:
    """*part* without the indentation that its first lines have from a message before it."""
    found = _INDENT.match(part)
    indent = found[0] if found else ""
    if not indent:
        return part
    lines = part.split("\n")
    inside = next(
        (number for number, line in enumerate(lines) if line.strip() and not line.startswith(indent)), len(lines)
    )
    return "\n".join([line.removeprefix(indent) for line in lines[:inside]] + lines[inside:])

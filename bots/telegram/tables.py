"""Tables as code: Telegram shows none, and in code the columns can be straight."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import zip_longest

from wcwidth import wcswidth

WIDEST = 80
"""Columns of text up to which cells are padded; wider rows are broken by every screen, and blanks would only be in the
way."""
_BETWEEN = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_TICKS = re.compile("`+")


def is_rule(line: str) -> bool:
    """Whether *line* is what stands below a table's head."""
    return "|" in line and bool(_RULE.fullmatch(line))


def as_code(table: str, prefix: str, plain: Callable[[str], str]) -> str:
    """The lines of *table* as a fenced block, each after *prefix*. plain: what a cell shows."""
    head, _rule, *lines = (line.removeprefix(prefix) for line in table.rstrip("\n").split("\n"))
    rows = [[plain(cell) for cell in cells(line)] for line in (head, *lines)]
    shown = _lines(rows)
    fence = "`" * max(3, 1 + max((len(ticks) for line in shown for ticks in _TICKS.findall(line)), default=0))
    return "\n".join(prefix + line for line in (fence, *shown, fence)) + "\n"


def most_columns(lines: Sequence[str]) -> int:
    """Columns that a line of the table can have when its cells are padded: those of what was written at most."""
    widths = [max(column) for column in zip_longest(*map(_widths, lines), fillvalue=0)]
    return min(WIDEST, sum(widths) + 3 * len(widths))


@lru_cache(maxsize=2048)
def _widths(line: str) -> Sequence[int]:
    return [_width(cell) for cell in cells(line)]


def cells(line: str) -> list[str]:
    line = line.strip().removeprefix("|")
    found = _BETWEEN.split(line)
    if len(found) > 1 and not found[-1].strip():
        del found[-1]
    return [cell.strip().replace("\\|", "|") for cell in found]


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(_width, column)) for column in zip_longest(*rows, fillvalue="")]
    if sum(widths) + 3 * (len(widths) - 1) > WIDEST:
        head, *others = (" | ".join(row).rstrip() for row in rows)
        return [head, "---", *others]
    head, *others = (" | ".join(map(_padded, row, widths)).rstrip() for row in rows)
    return [head, "-+-".join("-" * width for width in widths), *others]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(cell: str) -> int:
    return max(wcswidth(cell), 0)

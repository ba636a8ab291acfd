"""Discord shows no tables: as code they keep their columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")


def tables_as_code(text: str) -> str:
    """*text* with a code fence around each Markdown table outside of code; every line stays as it is."""
    if "|" not in text:
        return text
    return "\n".join(_fenced(text.split("\n")))


def _fenced(lines: Sequence[str]) -> Iterator[str]:
    fence, in_table = "", False
    for number, line in enumerate(lines):
        if not in_table and not fence and _begins(lines[number : number + 2]):
            in_table = True
            yield "```"
        elif in_table and "|" not in line:
            in_table = False
            yield "```"
        yield line
        fence = "" if in_table else _after(fence, line)
    if in_table:
        yield "```"


def _begins(lines: Sequence[str]) -> bool:
    """Whether the first line is a table's head and the last the rule below it."""
    return all("|" in line for line in lines) and bool(_RULE.fullmatch(lines[-1])) and len(lines) > 1


def _after(fence: str, line: str) -> str:
    """The code fence that is open after *line*, given the one open before it."""
    found = _FENCE.match(line)
    if found is None:
        return fence
    if not fence:
        return found[1]
    return "" if found[1].startswith(fence) else fence

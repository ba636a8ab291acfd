"""Reading code fences as a chat platform does, for tests of texts that are cut into messages."""

from __future__ import annotations

import re

_LINE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$", re.MULTILINE)


def bare(text: str) -> str:
    """Without fences and blanks, which may be added and lost where a message ends."""
    return "".join(_LINE.sub("", text).split())


def is_left_open(message: str) -> bool:
    fence = ""
    for mark, rest in _LINE.findall(message):
        if not fence:
            fence = mark
        elif mark.startswith(fence) and not rest.strip():
            fence = ""
    return bool(fence)

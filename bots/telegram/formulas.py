"""What is a formula, and which formulas can be shown as characters."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import accumulate

from telegramify_markdown import convert

from bots.shared.split import utf16_units

DEEPEST, LONGEST = 6, 2000
"""Braces in braces, and characters, of a formula that is converted."""
GROWTH = 2
"""Signs above letters are characters too: what a formula shows is at most so many times as long as what was written."""

_FORMULA = re.compile(r"\\[A-Za-z]|[\^_=<>+{}]|(?<!\w)[A-Za-z](?!\w)")
_PROSE = re.compile(r"(?<![\\A-Za-z{])[^\W\d_]{3,} +[^\W\d_]|\d +[^\W\d_]{2,}")
"""Letters as prose has them, not a formula."""
_CHAIN = re.compile(r"(?:\\[A-Za-z]+\s*){7}")
_SIGN = re.compile(r"\\.|.", re.DOTALL)


def is_formula(text: str) -> bool:
    return bool(_FORMULA.search(text)) and ("\\" in text or not _PROSE.search(text))


def balanced(formula: str) -> str:
    """With its braces in pairs: else it is none for the parser."""
    depth, kept = 0, []
    for sign in _SIGN.findall(formula):
        if sign == "}" and not depth:
            continue
        depth += (sign == "{") - (sign == "}")
        kept.append(sign)
    return "".join(kept) + "}" * depth


@lru_cache(maxsize=1024)
def is_readable(formula: str) -> bool:
    """Whether the converter can be trusted with it: signs above letters are characters, each level of roots doubles
    them."""
    depth = max(accumulate((sign == "{") - (sign == "}") for sign in _SIGN.findall(formula)), default=0)
    if depth > DEEPEST or len(formula) > LONGEST or _CHAIN.search(formula):
        return False
    text, _ = convert(f"$${formula}$$", latex_escape=False)
    return utf16_units(text) <= GROWTH * len(formula)

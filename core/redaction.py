"""Blots configured secrets out of whatever is said to people: the log's events, and the lines that commands print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_spellings: list[str] = []
"""Longest first, so that none is cut by one that is a part of it. One list, as a process has one configuration."""


def forget() -> None:
    _spellings.clear()


def hide(secrets: Iterable[str]) -> None:
    """These too, from now on: as they are, and as a URL or JSON would spell them."""
    spelt = {form for secret in secrets for form in _spelt(secret)}
    _spellings[:] = sorted({*_spellings, *spelt}, key=len, reverse=True)


def _spelt(secret: str) -> tuple[str, ...]:
    return secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]


def blotted(text: str) -> str:
    for secret in _spellings:
        text = text.replace(secret, HIDDEN)
    return text


def clean(value: Any) -> Any:
    """*value* with every text in it blotted; what is no number, mapping or list becomes text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(item) for item in value]
    return blotted(str(value))

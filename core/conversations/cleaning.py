"""Makes text that people or platforms send safe to store and to send on, and says when nothing is left of it."""

from __future__ import annotations

import re
import unicodedata

from core.errors import EmptyMessage

_NEWLINES = re.compile(r"\r\n?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def clean(text: str) -> str:
    """The text with Unix newlines, U+FFFD for every lone surrogate, and no C0 or C1 control but tab and newline.

    Direction marks and joiners stay: right-to-left languages and emoji need them. Raises EmptyMessage when nothing
    visible is left.
    """
    text = tidy(text)
    if all(unicodedata.category(character) in _INVISIBLE for character in text):
        raise EmptyMessage
    return text


def tidy(text: str) -> str:
    """As `clean`, whether or not anything is left."""
    text = _CONTROLS.sub("", _NEWLINES.sub("\n", text))
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text).strip("\n").rstrip()

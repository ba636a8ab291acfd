"""What a test asks of sentences that people read."""

from __future__ import annotations

import string


def placeholders(text: str) -> set[str]:
    """What is filled into *text* when it is said."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

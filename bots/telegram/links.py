"""Which links Telegram takes, and what is shown instead of the others."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r"https?://(?:[\w-]+\.)+[\w-]+\.?(?::0*(?:6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]|[1-5]\d{4}|[1-9]\d{0,3}))?"
    r"(?:[/?#]\S*)?",
    re.IGNORECASE,
)
"""As Telegram's server reads one (`parse_url` in its published source), and a little stricter: for the sake of a link that
it does not take it refuses the whole message."""
_SILENT = re.compile(r"(?:tg|javascript|vbscript|data):|#|\Z", re.IGNORECASE)
"""What nobody wants to read: it mentions people, runs something or leads nowhere."""
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def takes(url: str) -> bool:
    """Only the web: a link to ``tg://user`` would be a mention."""
    return bool(_ADDRESS.fullmatch(url))


def spelt_out(url: str) -> str:
    """What stands behind the words of a link that Telegram does not take, as Markdown."""
    escaped = _PUNCTUATION.sub(r"\\\1", url)
    return "" if _SILENT.match(url) else f" ({escaped})"

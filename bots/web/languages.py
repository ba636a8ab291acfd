"""Which language a browser's reader speaks."""

from __future__ import annotations

import re

from starlette.requests import Request

COOKIE = "language"
"""Set by the page where its reader chose one."""
_WANTED = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{1,3})?))?\s*", re.ASCII)
_MOST = 20


def language_of(request: Request) -> str:
    """A BCP 47 tag: the reader's choice, else what their browser would rather have; English where nothing is said."""
    chosen = _WANTED.fullmatch(request.cookies.get(COOKIE, ""))
    return chosen[1] if chosen else preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> str:
    """The tag of an Accept-Language header (RFC 9110, section 12.5.4) that is wanted most."""
    found = [_WANTED.fullmatch(item) for item in header.split(",", _MOST)[:_MOST]]
    wanted = [(float(match[2] or 1), match[1]) for match in found if match]
    return max(wanted, key=lambda pair: pair[0], default=(0.0, "en"))[1]

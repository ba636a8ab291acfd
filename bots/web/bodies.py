"""Bodies of requests: none is read that is larger than what it can be for."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from bots.web.notices import API

MOST = 1_000_000
"""Bytes of a request: a question is some kilobytes, and the longest window there is some megabytes of text."""
MOST_OF_PROGRAMS = 8_000_000
"""Bytes of an API request, which may bring pictures along."""


def most_for(path: str) -> int:
    return MOST_OF_PROGRAMS if path.startswith(API) else MOST


def announced(headers: Mapping[str, str]) -> int:
    """The bytes that a request says it has. Raises HTTPException (400), also where it says two things: a proxy before us
    may take the one and we the other, and the rest for somebody else's request (RFC 9112, section 6.1)."""
    if "content-length" in headers and "transfer-encoding" in headers:
        raise HTTPException(400, headers={"Connection": "close"})
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise HTTPException(400)
    return int(length)


def bounded(receive: Receive, most: int) -> Receive:
    """*receive*, which raises HTTPException (413) for a body that turns out to be larger than *most* bytes."""
    received = 0

    async def receiving() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise HTTPException(413)
        return message

    return receiving

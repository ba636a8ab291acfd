"""The name and the port in a Host or an Origin header, which may hold anything."""

from __future__ import annotations

import re
from typing import NamedTuple

_HOST = re.compile(
    r"(?P<scheme>https?://)?(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::(?P<port>\d{1,5}))?/?", re.ASCII
)
_USUAL = frozenset({None, "80", "443"})


class Host(NamedTuple):
    """In lower case. port: empty for the usual ones: behind a proxy the scheme that we see says little."""

    name: str
    port: str


NOBODY = Host("", "")
"""What no request can be for."""


def host_in(text: str) -> Host:
    """Of a Host header or an origin such as ``https://chat.example.org:8443``; `NOBODY` for what is neither."""
    found = _HOST.fullmatch(text.lower())
    if found is None:
        return NOBODY
    port = "" if found["port"] in _USUAL else found["port"]
    return Host(found["six"] or found["name"], port)

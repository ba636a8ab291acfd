"""Which requests Discord counts together ("Rate Limits" in its reference)."""

from __future__ import annotations

import re
from functools import lru_cache

from bots.shared.surface import Route

MOST_NAMES = 4096
"""Names of buckets held in mind; the pacer asks for the same ones again and again."""


WRITING = {"POST": "PATCH", "PATCH": "POST"}
"""What is written next where something was written."""


class Buckets:
    """Discord names the bucket of a request with its response. Routes with the same name count together, in each channel
    (or webhook) for itself; one whose name is not known yet is taken for a bucket of its own. Only creates and edits are
    taken to count together until they are known not to: else the first edit might be one too many."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, bucket: str) -> str:
        """What *bucket* of a `Route` has in common with the others that count with it."""
        place, _, method = bucket.rpartition(" ")
        other = f"{place} {WRITING.get(method, method)}"
        known = self._names.get(_without_ids(bucket)) or self._names.get(_without_ids(other))
        return f"{place} {known}" if known else bucket

    def learn(self, bucket: str, name: str) -> bool:
        """*name*: as a response about *bucket* says, empty where it does not. Whether that is news."""
        route = _without_ids(bucket)
        news = bool(name) and self._names.get(route) != name
        if news:
            self._names[route] = name
        return news


def beside(channel: str, method: str, path: str) -> Route:
    """Of a request about *channel* that belongs to no answer."""
    chat = f"discord:{channel}"
    return Route(chat, f"{chat} {method}:{path.partition('?')[0]}")


@lru_cache(MOST_NAMES)
def _without_ids(bucket: str) -> str:
    return re.sub(r"\d+", "", bucket)

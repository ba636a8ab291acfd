"""Reading messages on the Discord that tests run against, as the reference has it ("Get Channel Messages")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.discord_rules import invalid

USUAL, MOST = 50, 100
"""Messages of one page."""
ABSENT = frozenset({"guild_id", "member"})
"""What only the gateway's events say of a message."""


def page(messages: Iterable[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """The newest first; with `after` those that follow it, not the newest of all."""
    if unknown := set(query) - {"around", "before", "after", "limit"}:
        raise invalid(unknown.pop(), "UNKNOWN_FIELD", "This parameter is not in the reference.")
    limit = query.get("limit", str(USUAL))
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST:
        raise invalid("limit", "NUMBER_TYPE_COERCE", f"int value should be from 1 to {MOST}.")
    found = sorted((readable(message) for message in messages), key=lambda message: int(message["id"]))
    if "after" in query:
        return [message for message in found if int(message["id"]) > int(query["after"])][: int(limit)][::-1]
    if "before" in query:
        found = [message for message in found if int(message["id"]) < int(query["before"])]
    return found[-int(limit) :][::-1]


def readable(message: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in message.items() if key not in ABSENT}
    if replied := kept.get("referenced_message"):
        kept["referenced_message"] = {key: value for key, value in replied.items() if key != "referenced_message"}
    return kept

"""What Discord's reference says about a request, as checks: whatever it does not allow is a 400 in Discord's shape."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_CONTENT = 2000
MOST_NONCE = 25
MOST_CUSTOM_ID = 100
MOST_LABEL = 80
COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")
CREATE_FIELDS = frozenset(
    {"content", "nonce", "tts", "embeds", "allowed_mentions", "message_reference", "components", "flags"}
    | {"attachments", "enforce_nonce", "sticker_ids", "poll"}
)
EDIT_FIELDS = frozenset({"content", "embeds", "flags", "allowed_mentions", "components", "attachments"})
COMMAND_FIELDS = frozenset(
    {"name", "name_localizations", "description", "description_localizations", "options", "type", "nsfw"}
    | {"default_member_permissions", "dm_permission", "integration_types", "contexts"}
)


class Refused(Exception):
    """An error response: HTTP status, Discord's own code, message and field errors."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def invalid(place: str, code: str, message: str) -> Refused:
    return Refused(400, 50035, "Invalid Form Body", {place: {"_errors": [{"code": code, "message": message}]}})


def check_message(body: dict[str, Any], allowed: frozenset[str], files: int) -> None:
    """Raises Refused for a message body that the reference does not allow."""
    for key in body:
        if key not in allowed:
            raise invalid(key, "UNKNOWN_FIELD", "This field is not in the reference.")
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        raise invalid("content", "BASE_TYPE_STRING", "Must be a string.")
    if len((content or "").encode("utf-16-le", "surrogatepass")) // 2 > MOST_CONTENT:
        raise invalid("content", "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_CONTENT} or fewer in length.")
    if allowed is CREATE_FIELDS and not (content or "").strip() and not files:
        raise Refused(400, 50006, "Cannot send an empty message")
    if "content" in body and allowed is EDIT_FIELDS and not (content or "").strip() and not files:
        raise Refused(400, 50006, "Cannot send an empty message")
    _check_nonce(body)
    _check_mentions(body.get("allowed_mentions"))
    _check_components(body.get("components") or [])


def _check_nonce(body: dict[str, Any]) -> None:
    nonce = body.get("nonce")
    if nonce is not None and (not isinstance(nonce, str | int) or len(str(nonce)) > MOST_NONCE):
        raise invalid("nonce", "NONCE_TYPE_TOO_LONG", f"Nonce must not be longer than {MOST_NONCE} characters.")
    if not isinstance(body.get("enforce_nonce", False), bool):
        raise invalid("enforce_nonce", "BASE_TYPE_BOOLEAN", "Must be a boolean.")


def _check_mentions(mentions: dict[str, Any] | None) -> None:
    if mentions is None:
        return
    if set(mentions) - {"parse", "users", "roles", "replied_user"}:
        raise invalid("allowed_mentions", "UNKNOWN_FIELD", "This field is not in the reference.")
    parse = mentions.get("parse", [])
    if set(parse) - {"users", "roles", "everyone"}:
        raise invalid("allowed_mentions", "BASE_TYPE_CHOICES", "Value must be one of users, roles, everyone.")
    for kind in ("users", "roles"):
        if mentions.get(kind) and kind in parse:
            raise invalid("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", "Mutually exclusive.")


def _check_components(rows: list[dict[str, Any]]) -> None:
    if len(rows) > 5:  # the reference's own number
        raise invalid("components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
    seen: set[str] = set()
    for row in rows:
        inner = row.get("components", [])
        if row.get("type") != 1 or not 1 <= len(inner) <= 5:  # the reference's own number
            raise invalid("components", "BASE_TYPE_BAD_LENGTH", "An action row holds 1 to 5 components.")
        for part in inner:
            _check_component(part, seen)


def _check_component(part: dict[str, Any], seen: set[str]) -> None:
    custom_id = part.get("custom_id", "")
    if part.get("type") not in {2, 3} or not 1 <= len(custom_id) <= MOST_CUSTOM_ID:
        raise invalid(
            "components", "BASE_TYPE_CHOICES", "A button or a select with a custom_id of 1 to 100 characters."
        )
    if custom_id in seen:
        raise invalid("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    seen.add(custom_id)
    if part["type"] == 2:  # a button
        if part.get("style") not in {1, 2, 3, 4} or len(part.get("label", "")) > MOST_LABEL:
            raise invalid("components", "BASE_TYPE_CHOICES", "A style of 1 to 4 and a label of at most 80 characters.")
        if not part.get("label") and not part.get("emoji"):
            raise invalid("components", "BUTTON_COMPONENT_MISSING_LABEL_OR_EMOJI", "A label or an emoji is needed.")
    elif not 1 <= len(part.get("options", [])) <= 25:  # the reference's own number
        raise invalid("components", "BASE_TYPE_BAD_LENGTH", "A select has 1 to 25 options.")


def check_commands(commands: object) -> None:
    """Raises Refused for a bulk overwrite of application commands that the reference does not allow."""
    if not isinstance(commands, list) or len(commands) > 100:  # the reference's own number
        raise invalid("commands", "BASE_TYPE_BAD_LENGTH", "A list of at most 100.")
    for command in commands:
        _check_command(command)
    names = [(command["name"], command.get("type", 1)) for command in commands]
    if len(set(names)) != len(names):
        raise invalid("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")


def _check_command(command: dict[str, Any]) -> None:
    if set(command) - COMMAND_FIELDS:
        raise invalid("commands", "UNKNOWN_FIELD", f"Not in the reference: {set(command) - COMMAND_FIELDS}")
    kind = command.get("type", 1)
    texts = [(command["name"], command.get("description", ""))]
    texts += [(option["name"], option["description"]) for option in command.get("options") or []]
    for name, description in texts:
        if kind == 1 and (not COMMAND_NAME.fullmatch(name) or name != name.lower()):
            raise invalid("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        if kind == 1 and not 1 <= len(description) <= 100:  # the reference's own number
            raise invalid("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")


def pings(content: str, mentions: dict[str, Any] | None) -> set[str]:
    """Who would be notified: ids of users, ``&`` with ids of roles, and ``everyone``."""
    rules = mentions if mentions is not None else {"parse": ["users", "roles", "everyone"]}
    parse, found = rules.get("parse", []), set()
    users = set(re.findall(r"<@!?(\d+)>", content))
    roles = set(re.findall(r"<@&(\d+)>", content))
    found |= users if "users" in parse else users & set(rules.get("users", []))
    found |= {f"&{role}" for role in (roles if "roles" in parse else roles & set(rules.get("roles", [])))}
    if "everyone" in parse and re.search(r"@(everyone|here)\b", content):
        found.add("everyone")
    return found


@dataclass
class Window:
    """*limit* requests in *seconds*, as a rate-limit bucket of Discord: counted from its first request."""

    limit: int
    seconds: float
    began: float = float("-inf")
    used: int = 0

    def take(self, now: float) -> bool:
        if now - self.began >= self.seconds:
            self.began, self.used = now, 0
        self.used += 1
        return self.used <= self.limit

    def headers(self, now: float, bucket: str) -> dict[str, str]:
        left = max(0.0, self.began + self.seconds - now)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": bucket,
        }


@dataclass
class Sliding:
    """At most *limit* in any span of *seconds*, for everything a bot does."""

    limit: int
    seconds: float = 1.0
    times: deque[float] = field(default_factory=deque)
    most: int = 0

    def take(self, now: float) -> bool:
        while self.times and now - self.times[0] >= self.seconds:
            self.times.popleft()
        self.times.append(now)
        self.most = max(self.most, len(self.times))
        return len(self.times) <= self.limit


@dataclass
class Nonces:
    """The messages that were made with a nonce, known by it for *seconds*. Nobody who reads a message is told its nonce;
    only who makes it, and who hears of it by the gateway (issue 2451 of discord.py). A message that was deleted is not
    made again (pull request 6647 of discord-api-docs)."""

    seconds: float = 180.0
    made: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def keep(self, channel: str, nonce: object, message: str) -> None:
        if nonce is not None:
            self.made[channel, str(nonce)] = message, time.monotonic()

    def known(self, channel: str, nonce: object) -> str:
        """The id of the message; empty for none."""
        message, at = self.made.get((channel, str(nonce)), ("", 0.0))
        return message if time.monotonic() - at < self.seconds else ""


def hidden(content: str, bot: str, mentioned: Iterable[str], direct: bool) -> str:
    """The content as a bot without the message-content intent sees it."""
    return content if direct or bot in mentioned else ""

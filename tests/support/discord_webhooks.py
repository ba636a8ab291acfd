"""Interactions on the Discord that tests run against: 3 seconds to acknowledge one, then 15 minutes of its webhook."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.discord_rules import (
    EDIT_FIELDS,
    Refused,
    check_message,
    invalid,
    pings,
)
from tests.support.discord_state import DiscordState
from tests.support.discord_world import BOT, ELSEWHERE, given, stamp, user

TO_ACKNOWLEDGE, TO_USE = 3.0, 15 * 60.0
MOST_FOLLOW_UPS = 5
EPHEMERAL, LOADING = 1 << 6, 1 << 7
HOOK_FIELDS = EDIT_FIELDS | {"tts", "poll"}
CALLBACKS = {2: {4, 5, 9}, 3: {4, 5, 6, 7, 9}, 4: {8}, 5: {4, 5}}
"""The types of responses by the type of the interaction: a command, a component, an autocompletion, a form."""


@dataclass
class Interaction:
    """What somebody did, and what became of it. shown: the response and the follow-ups, by id. pressed: the message
    whose button was pressed."""

    id: str
    token: str
    kind: int
    channel: str
    author: str
    made_at: float
    pressed: str = ""
    acknowledged: int = 0
    original: str = ""
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def follow_ups(self) -> int:
        return len(self.shown) - (self.original in self.shown)


class DiscordWebhooks(DiscordState):
    """What a bot may do with an interaction's token; nothing of it needs the bot's own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.interactions: dict[str, Interaction] = {}
        self.passed = 0.0
        """Seconds by which interactions are older than they look: a test moves it."""

    def private(self, author: str) -> list[str]:
        """The texts that only *author* sees, oldest first."""
        mine = (interaction for interaction in self.interactions.values() if interaction.author == author)
        shown = [said for interaction in mine for said in interaction.shown.values()]
        return [said["content"] for said in shown if said["flags"] & EPHEMERAL and not said["flags"] & LOADING]

    def _begin(self, interaction: Interaction) -> None:
        self.interactions[interaction.token] = interaction

    def _callback(self, id_: str, token: str, body: dict[str, Any], files: int) -> None:
        interaction = self.interactions.get(token)
        late = interaction is not None and self._age(interaction) > TO_ACKNOWLEDGE
        if interaction is None or interaction.id != id_ or late:
            raise Refused(404, 10062, "Unknown interaction")
        if interaction.acknowledged:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        check_callback(interaction.kind, body, files)
        interaction.acknowledged = body["type"]
        self.callbacks[id_] = body
        data, flags = body.get("data") or {}, int((body.get("data") or {}).get("flags", 0))
        match body["type"]:
            case 4:
                self._told(interaction, data, flags)
            case 5:
                self._told(interaction, {"content": ""}, flags | LOADING)
            case 6 | 7:
                interaction.original = interaction.pressed
                if body["type"] == 7:
                    self._rewrite(self.messages[interaction.pressed], data)

    def _webhook(self, method: str, parts: list[str], body: dict[str, Any], files: int) -> Any:
        interaction = self.interactions.get(parts[1])
        if parts[0] != BOT or interaction is None or not interaction.acknowledged:
            raise Refused(404, 10015, "Unknown Webhook")
        if self._age(interaction) > TO_USE:
            raise Refused(401, 50027, "Invalid Webhook Token")
        match method, *parts[2:]:
            case ("POST",):
                return self._follow_up(interaction, body, files)
            case _, "messages", message:
                return self._change(method, interaction, message, body, files)
        raise Refused(404, 0, "404: Not Found")

    def _follow_up(self, interaction: Interaction, body: dict[str, Any], files: int) -> dict[str, Any]:
        check_message(body, HOOK_FIELDS, files)
        original = interaction.shown.get(interaction.original)
        if original is not None and original["flags"] & LOADING:
            return self._rewrite(original, body)
        if interaction.channel in ELSEWHERE and interaction.follow_ups >= MOST_FOLLOW_UPS:
            raise Refused(400, 40094, "This interaction has reached the maximum number of follow-up messages")
        return self._told(interaction, body, int(body.get("flags", 0)))

    def _change(
        self, method: str, interaction: Interaction, message: str, body: dict[str, Any], files: int
    ) -> dict[str, Any] | None:
        id_ = interaction.original if message == "@original" else message
        found = interaction.shown.get(id_) or (self.messages.get(id_) if id_ == interaction.pressed else None)
        if found is None:
            raise Refused(404, 10008, "Unknown Message")
        if method == "DELETE":
            interaction.shown.pop(id_, None)
            self.deleted.append(id_)
            if id_ in self.messages:
                self.delete(id_)
            return None
        if method == "PATCH":
            check_message(body, EDIT_FIELDS, files)
            return self._rewrite(found, body)
        return found

    def _told(self, interaction: Interaction, data: dict[str, Any], flags: int) -> dict[str, Any]:
        about: dict[str, Any] = {"id": interaction.id, "type": interaction.kind, "user": user(interaction.author)}
        if interaction.original:
            about["original_response_message_id"] = interaction.original
        more = {**given(data), "flags": flags, "interaction_metadata": about}
        message = self._message(
            interaction.channel, BOT, str(data.get("content", "")), more | {"application_id": BOT, "webhook_id": BOT}
        )
        interaction.original = interaction.original or message["id"]
        interaction.shown[message["id"]] = message
        if flags & EPHEMERAL:
            del self.messages[message["id"]]  # Discord keeps it for nobody but the one who sees it
        else:
            self._announce("MESSAGE_CREATE", message)
        if not flags & LOADING:
            self._written("create", message, data)
        return message

    def _rewrite(self, message: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        message |= given(body)
        fresh = message["flags"] & LOADING if "flags" in message else 0
        message |= {"flags": message.get("flags", 0) & ~LOADING, "edited_timestamp": None if fresh else stamp()}
        self._written("create" if fresh else "edit", message, body)
        return message

    def _written(self, kind: str, message: dict[str, Any], body: dict[str, Any]) -> None:
        self.writes.append((kind, message["id"], message["content"]))
        self.pinged |= pings(message["content"], body.get("allowed_mentions"))

    def _age(self, interaction: Interaction) -> float:
        return time.time() - interaction.made_at + self.passed


def admitted(channel: str) -> None:
    """Raises Refused for a channel that the bot itself does not get to."""
    if channel in ELSEWHERE:
        raise Refused(403, 50001, "Missing Access")


def check_callback(kind: int, body: dict[str, Any], files: int) -> None:
    """Raises Refused for a response that an interaction of this *kind* does not allow."""
    if body.get("type") not in CALLBACKS[kind]:
        raise invalid("type", "BASE_TYPE_CHOICES", f"Not a response to an interaction of type {kind}.")
    data = body.get("data") or {}
    if body["type"] in {4, 7}:
        check_message(data, HOOK_FIELDS, files)
    if int(data.get("flags", 0)) & ~(EPHEMERAL | 1 << 2 | 1 << 12):
        raise invalid("flags", "BASE_TYPE_CHOICES", "Only EPHEMERAL, SUPPRESS_EMBEDS and SUPPRESS_NOTIFICATIONS.")
    if body["type"] == 5 and set(data) - {"flags"}:
        raise invalid("data", "UNKNOWN_FIELD", "What is deferred has nothing to say yet.")
    if body["type"] == 8:
        _check_choices(data["choices"])
    if body["type"] == 9:
        _check_modal(data)


def _check_choices(choices: list[dict[str, Any]]) -> None:
    if len(choices) > 25:
        raise invalid("choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for choice in choices:
        if not 1 <= len(choice["name"]) <= 100 or not 1 <= len(choice["value"]) <= 100:
            raise invalid("choices", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")


def _check_modal(data: Mapping[str, Any]) -> None:
    if not 1 <= len(data.get("title", "")) <= 45 or not 1 <= len(data.get("custom_id", "")) <= 100:
        raise invalid("data", "BASE_TYPE_BAD_LENGTH", "A title of 1 to 45 and a custom_id of 1 to 100 characters.")
    labels = data.get("components", [])
    if not 1 <= len(labels) <= 5 or any(label.get("type") != 18 for label in labels):
        raise invalid("components", "BASE_TYPE_BAD_LENGTH", "1 to 5 labels.")
    for label in labels:
        inner = label["component"]
        if not 1 <= len(label["label"]) <= 45 or inner["type"] != 4 or inner["style"] not in {1, 2}:
            raise invalid("components", "BASE_TYPE_CHOICES", "A label of 1 to 45 characters and a text input.")
        if len(inner.get("placeholder", "")) > 100 or not 1 <= inner.get("max_length", 1) <= 4000:
            raise invalid("components", "BASE_TYPE_BAD_LENGTH", "A placeholder of at most 100 characters.")

"""What people invoke and press on the Discord that tests run against."""

from __future__ import annotations

import time
from typing import Any

from tests.support.discord_rest import DiscordRest
from tests.support.discord_webhooks import Interaction
from tests.support.discord_world import (
    BOT,
    CAROL,
    ELSEWHERE,
    EVERY_PERMISSION,
    GENERAL,
    command,
    member,
    user,
)


class DiscordInvoking(DiscordRest):
    """Each method gives the interaction's id; what the bot responds is in `callbacks` under it. app_permissions: what
    the app may do where it is invoked. locale: of the people."""

    app_permissions = EVERY_PERMISSION
    locale = "en-US"

    def press(self, author: str, message: str, custom_id: str) -> str:
        """*author* presses a button under *message*, which may just have been deleted; the interaction's id."""
        shown = self.messages.get(message) or self.gone[message]
        data = {"component_type": 2, "custom_id": custom_id}
        return self._interact(author, shown["channel_id"], {"type": 3, "message": shown, "data": data})

    def choose(self, author: str, menu: str, value: str) -> str:
        """*author* picks *value* from the menu with which the interaction *menu* was answered."""
        origin, data = self.interactions[f"token{menu}"], self.callbacks[menu]["data"]
        shown = origin.shown[origin.original]
        select = {
            "component_type": 3,
            "custom_id": data["components"][0]["components"][0]["custom_id"],
            "values": [value],
        }
        return self._interact(author, origin.channel, {"type": 3, "message": shown, "data": select})

    def slash(self, author: str, name: str, channel: str = GENERAL, **options: str) -> str:
        """*author* runs a slash command; the interaction's id."""
        given = [{"type": 3, "name": key, "value": value} for key, value in options.items()]
        return self._interact(author, channel, {"type": 2, "data": command(name, given)})

    def complete(self, author: str, name: str, typed: str, channel: str = GENERAL) -> str:
        """*author* types the argument of a slash command; the interaction's id."""
        given = [{"type": 3, "name": "name", "value": typed, "focused": True}]
        return self._interact(author, channel, {"type": 4, "data": command(name, given)})

    def point(self, author: str, name: str, message: str) -> str:
        """*author* picks a command in the menu of a message."""
        target = self.messages[message]
        data = {"id": "2", "name": name, "type": 3, "target_id": message, "resolved": {"messages": {message: target}}}
        return self._interact(author, target["channel_id"], {"type": 2, "data": data})

    def submit(self, author: str, form: str, text: str, channel: str = GENERAL) -> str:
        """*author* fills in the form with which the interaction *form* was answered."""
        shown = self.callbacks[form]["data"]
        asked = shown["components"][0]["component"]
        given = {"type": 4, "id": 2, "custom_id": asked["custom_id"], "value": text}
        data = {"custom_id": shown["custom_id"], "components": [{"type": 18, "id": 1, "component": given}]}
        return self._interact(author, channel, {"type": 5, "data": data})

    def _interact(self, author: str, channel: str, event: dict[str, Any]) -> str:
        id_ = self._snowflake()
        pressed = event["message"]["id"] if "message" in event else ""
        self._begin(Interaction(id_, f"token{id_}", event["type"], channel, author, time.time(), pressed))
        head = {"id": id_, "application_id": BOT, "token": f"token{id_}", "version": 1, "locale": self.locale}
        place = {"channel_id": channel, "channel": self._channel(channel), "app_permissions": self.app_permissions}
        rest = {"entitlements": [], "attachment_size_limit": 10_000_000}
        where = self._where(author, channel)
        self.gateway.dispatch("INTERACTION_CREATE", {**head, **place, **rest, **where, **event})
        return id_

    def _where(self, author: str, channel: str) -> dict[str, Any]:
        """Who invokes it, in what context, and whose installation of the app that is."""
        server = ELSEWHERE.get(channel) or self.channels[channel].get("guild_id")
        by_user = {"authorizing_integration_owners": {"1": author}}
        if server is None:
            inside = channel in ELSEWHERE
            owners = by_user if inside else {"authorizing_integration_owners": {"0": "0"}}
            return {"user": user(author), "context": 2 if inside else 1, **owners}
        owners = by_user if channel in ELSEWHERE else {"authorizing_integration_owners": {"0": server}}
        who = {
            "guild_id": server,
            "member": member(author) | {"permissions": EVERY_PERMISSION if author == CAROL else "0"},
        }
        return {**who, "guild": {"id": server, "locale": "en-US", "features": []}, "context": 0, **owners}

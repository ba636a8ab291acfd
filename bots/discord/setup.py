"""What Discord's developer portal says of the bot, and the link by which people invite it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import discord

from bots.discord.api import Api, Refusal
from bots.discord.library import WRONG_TOKEN
from bots.shared.surface import SurfaceRefused

CONTENT_FLAGS = (1 << 18) | (1 << 19)
"""GATEWAY_MESSAGE_CONTENT and its limited form ("Application Flags" in Discord's reference)."""
CONTENT_OFF = "the message-content intent is off in the developer portal; DMs, mentions and commands work all the same"
UNAUTHORISED = 401
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,
    attach_files=True,
    add_reactions=True,
)
"""What the bot does in a server, and nothing else."""


@dataclass(frozen=True, slots=True)
class Portal:
    """The application: its id and name, whether the message-content intent is on, how many shards Discord wants."""

    id: str
    name: str
    content: bool
    shards: int

    @property
    def invitation(self) -> str:
        scopes = "bot applications.commands"
        query = {"client_id": self.id, "permissions": PERMISSIONS.value, "scope": scopes}
        return f"https://discord.com/oauth2/authorize?{urlencode(query)}"


async def look_up(api: Api) -> Portal:
    """Raises SurfaceRefused (a wrong token in one sentence) and SurfaceUnavailable."""
    try:
        application = await api.call("GET", "/applications/@me")
        gateway = await api.call("GET", "/gateway/bot")
    except Refusal as problem:
        if problem.status == UNAUTHORISED:
            raise SurfaceRefused(WRONG_TOKEN) from problem
        raise
    content = bool(int(application.get("flags", 0)) & CONTENT_FLAGS)
    return Portal(str(application["id"]), application.get("name", ""), content, int(gateway.get("shards", 1)))

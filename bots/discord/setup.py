"""What Discord's developer portal says of the bot, and the link by which people invite it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import discord

from bots.discord.api import Api, Refusal
from bots.discord.library import WRONG_TOKEN
from bots.discord.menu import SERVER_INSTALL, USER_INSTALL
from bots.shared.surface import SurfaceRefused

CONTENT_FLAGS = (1 << 18) | (1 << 19)
"""GATEWAY_MESSAGE_CONTENT and its limited form ("Application Flags" in Discord's reference)."""
CONTENT_OFF = "the message-content intent is off in the developer portal; DMs, mentions and commands work all the same"
ENDPOINT_SET = (
    "an interactions endpoint URL is set in the developer portal: commands and buttons go there, not to this bot"
)
NOT_PUBLIC = "it is not public: only its owner can invite it (Public Bot, on the Bot page of the developer portal)"
CODE_GRANT = "it requires a code grant, so the invitation does not work (Requires OAuth2 Code Grant, on the Bot page)"
NO_SERVERS = "it cannot be added to servers (Installation Contexts, on the Installation page of the developer portal)"
NO_USERS = "people cannot install it for themselves; elsewhere it does not answer (Installation Contexts: User Install)"
FEW_STARTS = 0.1
"""The share of a day's gateway sessions below which that is worth a line."""
UNAUTHORISED, NOT_FOUND = 401, 404
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    read_message_history=True,
    attach_files=True,
    add_reactions=True,
)
"""What the bot does in a server, and nothing else."""


@dataclass(frozen=True, slots=True)
class Portal:
    """The application: its id and name, how many shards Discord wants; who can install it (the types of
    `bots.discord.menu`). shortcomings: a line for the operator about each thing that is off."""

    id: str
    name: str
    shards: int
    installs: tuple[int, ...] = (SERVER_INSTALL, USER_INSTALL)
    shortcomings: tuple[str, ...] = ()

    @property
    def invitation(self) -> str:
        """By which somebody adds the bot to a server."""
        scopes = "bot applications.commands"
        return _link({"client_id": self.id, "permissions": PERMISSIONS.value, "scope": scopes})

    @property
    def installation(self) -> str:
        """By which somebody gets the commands for themselves, wherever they are. Empty where that is off."""
        if USER_INSTALL not in self.installs:
            return ""
        return _link({"client_id": self.id, "integration_type": USER_INSTALL, "scope": "applications.commands"})


def _link(query: Mapping[str, object]) -> str:
    return f"https://discord.com/oauth2/authorize?{urlencode(query)}"


async def look_up(api: Api) -> Portal:
    """Raises SurfaceRefused (a wrong token in one sentence) and SurfaceUnavailable."""
    try:
        application = await _application(api)
        gateway = await api.call("GET", "/gateway/bot")
    except Refusal as problem:
        if problem.status == UNAUTHORISED:
            raise SurfaceRefused(WRONG_TOKEN) from problem
        raise
    return Portal(
        id=str(application["id"]),
        name=application.get("name", ""),
        shards=int(gateway.get("shards", 1)),
        installs=_installs(application),
        shortcomings=tuple(_shortcomings(application, gateway)),
    )


async def _application(api: Api) -> Any:
    """A proxy may know only the address that discord.py itself asks."""
    try:
        return await api.call("GET", "/applications/@me")
    except Refusal as problem:
        if problem.status != NOT_FOUND:
            raise
        return await api.call("GET", "/oauth2/applications/@me")


def _reads(application: Mapping[str, Any]) -> bool:
    return bool(int(application.get("flags", 0)) & CONTENT_FLAGS)


def _installs(application: Mapping[str, Any]) -> tuple[int, ...]:
    """Where Discord says nothing of it, both are possible."""
    told = application.get("integration_types_config")
    return tuple(sorted(int(kind) for kind in told)) if told else (SERVER_INSTALL, USER_INSTALL)


def _shortcomings(application: Mapping[str, Any], gateway: Mapping[str, Any]) -> Iterator[str]:
    installs = _installs(application)
    off = {
        CONTENT_OFF: not _reads(application),
        ENDPOINT_SET: bool(application.get("interactions_endpoint_url")),
        NOT_PUBLIC: not application.get("bot_public", True),
        CODE_GRANT: bool(application.get("bot_require_code_grant")),
        NO_SERVERS: SERVER_INSTALL not in installs,
        NO_USERS: USER_INSTALL not in installs,
    }
    yield from (line for line, is_off in off.items() if is_off)
    starts = gateway.get("session_start_limit", {})
    total, left = int(starts.get("total", 0)), int(starts.get("remaining", 0))
    if left < FEW_STARTS * total:
        hours = int(starts.get("reset_after", 0)) / 3_600_000
        yield f"{left} of {total} gateway sessions are left for the next {hours:.1f} h; each start uses one a shard"

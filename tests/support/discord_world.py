"""What there is on the Discord that tests run against: people, a server, the application; and what can go wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.support.discord_rules import Refused

TOKEN = "MTAw.test.token"
BOT = "100"
ADA, BOB, CAROL = "201", "202", "203"
GUILD, GENERAL, QUIET, CLOSED = "300", "400", "401", "402"
"""In CLOSED only people may write."""
FAR, GROUP, FAR_GUILD = "490", "491", "390"
ELSEWHERE = {FAR: FAR_GUILD, GROUP: ""}
"""Channels that only an app which its user installed gets to: of a server without the bot, and a group of friends."""
ROLE = "310"
"""The one that Discord makes for the bot when it is invited."""
STAFF = "311"
"""A role of CAROL's."""
ROLES = {BOT: [ROLE], CAROL: [STAFF]}
NAMES = {BOT: "parlour", ADA: "ada", BOB: "bob", CAROL: "carol"}
EPOCH_MS = 1_420_070_400_000
"""Discord's first millisecond."""
EVERY_PERMISSION = str(((1 << 50) - 1) & ~(1 << 3))
"""But that of administrators, whom nothing can be forbidden."""
SEND_MESSAGES = 1 << 11


@dataclass
class Fault:
    """The next *times* requests whose method and path *matches* says yes to fail: a status, ``reset`` (before anything
    is done), ``lost`` (done, but the answer never arrives) or ``hang``."""

    matches: Callable[[str, str], bool]
    kind: int | str
    times: int = 1
    retry_after: float = 0.05
    scope: str = "user"


def edits(method: str, path: str) -> bool:
    return method == "PATCH" and "/messages/" in path


def creates(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("/messages")


def user(id_: str, *, bot: bool = False) -> dict[str, Any]:
    name = NAMES.get(id_, f"user{id_}")
    return {
        "id": id_,
        "username": name,
        "discriminator": "0",
        "global_name": name.capitalize(),
        "avatar": None,
        "bot": bot,
    }


def member(id_: str) -> dict[str, Any]:
    return {
        "user": user(id_, bot=id_ == BOT),
        "roles": ROLES.get(id_, []),
        "joined_at": stamp(),
        "deaf": False,
        "mute": False,
        "flags": 0,
    }


def stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", time.gmtime())


def as_json(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Discord names no charset, and its library looks for exactly that."""
    told = {**(headers or {}), "Content-Type": "application/json"}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=told)


def limited(seconds: float, scope: str, headers: dict[str, str]) -> web.Response:
    body = {"message": "You are being rate limited.", "retry_after": seconds, "global": scope == "global"}
    told = {**headers, "Retry-After": str(max(1, round(seconds))), "X-RateLimit-Scope": scope, "Via": "1.1 google"}
    if scope == "global":
        told["X-RateLimit-Global"] = "true"
    return as_json(body, status=429, headers=told)


def broken(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def read(request: web.Request) -> tuple[Any, dict[str, bytes]]:
    """The JSON body and the files."""
    if request.content_type != "multipart/form-data":
        raw = await request.read()
        try:
            return (json.loads(raw) if raw else {}), {}
        except ValueError as problem:
            raise Refused(400, 50109, "The request body contains invalid JSON.") from problem
    form, files = await request.post(), {}
    for name, part in form.items():
        if isinstance(part, web.FileField):
            files[part.filename] = part.file.read()
        elif name != "payload_json":
            raise Refused(400, 50035, "Invalid Form Body")
    payload = form["payload_json"]
    assert not isinstance(payload, web.FileField)
    return json.loads(payload), files


def guild(channels: Iterable[dict[str, Any]]) -> dict[str, Any]:
    everyone = {"id": GUILD, "name": "@everyone", "permissions": EVERY_PERMISSION, "position": 0, "color": 0}
    colors = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
    plain = {"hoist": False, "managed": False, "mentionable": False, "flags": 0, "colors": colors}
    own = {"id": ROLE, "name": "Parlour", "permissions": "0", "position": 1, "tags": {"bot_id": BOT}, "managed": True}
    staff = {"id": STAFF, "name": "Staff", "permissions": "0", "position": 2}
    roles = [everyone | plain, everyone | plain | own, everyone | plain | staff]
    levels = {"verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0}
    more = {"features": [], "emojis": [], "stickers": [], "mfa_level": 0, "nsfw_level": 0, "premium_tier": 0}
    lists: dict[str, list[Any]] = {"presences": [], "voice_states": [], "threads": [], "stage_instances": []}
    return {
        "id": GUILD,
        "name": "A server",
        "owner_id": CAROL,
        "roles": roles,
        "channels": [channel for channel in channels if "guild_id" in channel and "parent_id" not in channel],
        "members": [member(BOT)],
        "member_count": 4,
        "large": False,
        "unavailable": False,
        "system_channel_flags": 0,
        "preferred_locale": "en-US",
        **levels,
        **more,
        **lists,
    }


def application(flags: int) -> dict[str, Any]:
    base = {"id": BOT, "name": "Parlour", "icon": None, "description": "", "summary": "", "verify_key": "0" * 64}
    owner = user(CAROL)
    installs: dict[str, Any] = {"integration_types_config": {"0": {}, "1": {}}, "interactions_endpoint_url": None}
    return {**base, **installs, "owner": owner, "bot_public": True, "bot_require_code_grant": False, "flags": flags}


def admit(headers: Mapping[str, str], *, interaction: bool) -> None:
    """Raises Refused for a request that does not say who makes it."""
    if not headers.get("User-Agent", "").startswith("DiscordBot ("):
        raise Refused(403, 40333, "internal network error")
    if not interaction and headers.get("Authorization") != f"Bot {TOKEN}":
        raise Refused(401, 0, "401: Unauthorized")


def command(name: str, given: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "1", "name": name, "type": 1, "options": given}


def said(id_: str, channel: str, author: str, content: str) -> dict[str, Any]:
    """A message as Discord shows it."""
    return {
        "id": id_,
        "channel_id": channel,
        "author": user(author, bot=author == BOT),
        "content": content,
        "timestamp": stamp(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [user(id_) for id_ in NAMES if f"<@{id_}>" in content],
        "mention_roles": [ROLE] if f"<@&{ROLE}>" in content else [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
        "components": [],
    }


def given(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says of a message, as Discord shows it from then on."""
    shown = {key: body[key] for key in ("content", "components") if key in body}
    if "attachments" not in body:
        return shown
    files = [{"size": 1, "url": "", "proxy_url": "", **file} for file in body["attachments"]]
    return shown | {"attachments": files}

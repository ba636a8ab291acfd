"""A Discord on loopback, as strict as the reference: REST with rate-limit buckets, and a gateway.

What bots do to it is checked, kept and can be looked at; what people do is a method: `say`, `edit`, `press`, `slash`.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.discord_gateway import DIRECT_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT, Gateway
from tests.support.discord_rules import (
    CREATE_FIELDS,
    EDIT_FIELDS,
    Refused,
    Sliding,
    Window,
    check_commands,
    check_message,
    hidden,
    invalid,
    pings,
)
from tests.support.discord_world import (
    BOT,
    CLOSED,
    EPOCH_MS,
    EVERY_PERMISSION,
    GENERAL,
    GUILD,
    NAMES,
    QUIET,
    SEND_MESSAGES,
    TOKEN,
    Fault,
    admit,
    application,
    as_json,
    broken,
    command,
    guild,
    limited,
    member,
    read,
    said,
    stamp,
    user,
)


@dataclass
class DiscordServer:
    """``async with DiscordServer() as discord``: listens on `api_url` and `gateway_url` until the block ends."""

    privileged: int = MESSAGE_CONTENT
    route_limit: int = 5
    route_window: float = 5.0
    global_limit: int = 50
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    writes: list[tuple[str, str, str]] = field(default_factory=list)
    """Every create and edit that was done: ``create`` or ``edit``, message id, content."""
    pinged: set[str] = field(default_factory=set)
    refused: list[dict[str, Any]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gateway = Gateway(TOKEN, privileged=self.privileged)
        self._ids = itertools.count(1)
        self._nonces: dict[tuple[str, str], str] = {}
        self._buckets: dict[tuple[str, str], Window] = defaultdict(lambda: Window(self.route_limit, self.route_window))
        self._all = Sliding(self.global_limit)
        self.channels: dict[str, dict[str, Any]] = {
            GENERAL: {"id": GENERAL, "type": 0, "name": "general", "guild_id": GUILD, "position": 0},
            QUIET: {"id": QUIET, "type": 0, "name": "quiet", "guild_id": GUILD, "position": 1},
            CLOSED: {"id": CLOSED, "type": 0, "name": "closed", "guild_id": GUILD, "position": 2},
        }
        denied = {"id": GUILD, "type": 0, "allow": "0", "deny": str(SEND_MESSAGES)}
        self.channels[CLOSED]["permission_overwrites"] = [denied]
        self._hanging = asyncio.Event()
        self._open: set[str] = set()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=30_000_000)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_route("*", "/api/v10/{path:.*}", self._api)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.api_url = f"http://127.0.0.1:{self.port}/api/v10"
        self.gateway_url = self.gateway.url = f"ws://127.0.0.1:{self.port}/gateway/"
        self.gateway.ready = {"user": user(BOT, bot=True), "application": {"id": BOT, "flags": self._flags()}}
        self.gateway.guilds = [guild(self.channels.values())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hanging.set()
        await self.gateway.drop()
        await self._runner.cleanup()

    # people

    def say(self, author: str, content: str, channel: str = GENERAL, /, **more: Any) -> str:
        """*author* writes; the message's id. more: any further field of a message."""
        message = self._message(channel, author, content, more)
        self._announce("MESSAGE_CREATE", message)
        return str(message["id"])

    def repeat(self, message: str) -> None:
        """The same gateway event once more."""
        self._announce("MESSAGE_CREATE", self.messages[message])

    def edit(self, message: str, content: str) -> None:
        self.messages[message] |= {
            "content": content,
            "edited_timestamp": stamp(),
            "mentions": [user(id_) for id_ in NAMES if f"<@{id_}>" in content],
        }
        self._announce("MESSAGE_UPDATE", self.messages[message])

    def delete(self, message: str) -> None:
        gone = self.messages.pop(message)
        place = {key: value for key, value in gone.items() if key in {"id", "channel_id", "guild_id"}}
        self.gateway.dispatch("MESSAGE_DELETE", place, self._intent(gone))

    def direct(self, author: str) -> str:
        """The id of the DM channel with *author*."""
        channel = f"9{author}"
        self.channels.setdefault(channel, {"id": channel, "type": 1, "recipients": [user(author)]})
        return channel

    def press(self, author: str, message: str, custom_id: str) -> str:
        """*author* presses a button under *message*; the interaction's id."""
        shown = self.messages[message]
        data = {"component_type": 2, "custom_id": custom_id}
        return self._interact(author, shown["channel_id"], {"type": 3, "message": shown, "data": data})

    def slash(self, author: str, name: str, channel: str = GENERAL, **options: str) -> str:
        """*author* runs a slash command; the interaction's id."""
        given = [{"type": 3, "name": key, "value": value} for key, value in options.items()]
        return self._interact(author, channel, {"type": 2, "data": command(name, given)})

    def complete(self, author: str, name: str, typed: str, channel: str = GENERAL) -> str:
        """*author* types the argument of a slash command; the interaction's id."""
        given = [{"type": 3, "name": "name", "value": typed, "focused": True}]
        return self._interact(author, channel, {"type": 4, "data": command(name, given)})

    # what can be seen

    def shown(self, channel: str = GENERAL) -> list[str]:
        """The texts of the bot's messages in *channel*, oldest first."""
        return [str(message["content"]) for message in self.by_bot(channel)]

    def by_bot(self, channel: str = GENERAL) -> list[dict[str, Any]]:
        here = (message for message in self.messages.values() if message["channel_id"] == channel)
        return [message for message in here if message["author"]["id"] == BOT]

    def buttons(self, message: dict[str, Any]) -> dict[str, str]:
        """Label and custom_id of each button under *message*."""
        rows = message.get("components", [])
        return {part.get("label", ""): part.get("custom_id", "") for row in rows for part in row["components"]}

    # the wire

    async def _api(self, request: web.Request) -> web.StreamResponse:
        path, method = "/" + request.match_info["path"], request.method
        self.requests[f"{method} {path}"] += 1
        fault = next((fault for fault in self.faults if fault.times > 0 and fault.matches(method, path)), None)
        if fault is not None:
            fault.times -= 1
            if fault.kind != "lost":
                return await self._fail(request, fault)
        response = await self._respond(request, method, path)
        self.statuses[response.status] += 1
        if fault is not None:
            broken(request)
        return response

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.kind == "hang":
            await self._hanging.wait()
        if fault.kind == 429:  # Too Many Requests
            return limited(fault.retry_after, fault.scope, {})
        if isinstance(fault.kind, int):
            return web.Response(status=fault.kind, text="<html>upstream</html>", content_type="text/html")
        broken(request)
        return web.Response(status=500)

    async def _respond(self, request: web.Request, method: str, path: str) -> web.StreamResponse:
        interaction = path.startswith(("/interactions/", "/webhooks/"))
        now = time.monotonic()
        try:
            admit(request.headers, interaction=interaction)
        except Refused as problem:
            return as_json(problem.body, status=problem.status)
        if not interaction and not self._all.take(now):
            return limited(0.5, "global", {})
        parts = path.strip("/").split("/")
        bucket = f"{method}:{'/'.join(part for part in parts if not part.isdigit())}"
        window = self._buckets[bucket, parts[1] if len(parts) > 1 else ""]
        allowed = window.take(now)
        headers = window.headers(now, bucket)
        if not allowed:
            return limited(float(headers["X-RateLimit-Reset-After"]), "user", headers)
        try:
            body, files = await read(request)
            self.files |= files
            result = self._do(method, parts, body or dict(request.query), len(files))
        except Refused as problem:
            self.refused.append(problem.body | {"request": f"{method} {path}"})
            return as_json(problem.body, status=problem.status, headers=headers)
        if result is None:
            return web.Response(status=204, headers=headers)
        return as_json(result, headers=headers)

    def _do(self, method: str, parts: list[str], body: Any, files: int) -> Any:
        """What the request asks for, as JSON; None for an empty answer."""
        match method, *parts:
            case _, "channels", *rest:
                return self._in_channel(method, rest, body, files)
            case "GET" | "PUT", "applications", _, "commands":
                if method == "PUT":
                    check_commands(body)
                    self.commands = [{"id": str(index), "version": "1", **made} for index, made in enumerate(body)]
                return self.commands
            case "POST", "users", "@me", "channels":
                return self.channels[self.direct(body["recipient_id"])]
            case "POST", "interactions", interaction, _, "callback":
                return self._callback(interaction, body)
            case "POST", "webhooks", _, _:
                check_message(body, CREATE_FIELDS, files)
                return self._message(GENERAL, BOT, body.get("content", ""), {"flags": body.get("flags", 0)})
        return self._about_itself(method, parts)

    def _about_itself(self, method: str, parts: list[str]) -> Any:
        match method, *parts:
            case "GET", "users", "@me":
                return user(BOT, bot=True)
            case "GET", ("oauth2" | "applications"), *_ if parts[-1] == "@me":
                return application(self._flags())
            case "GET", "gateway", "bot":
                limit = {"total": 1000, "remaining": 999, "reset_after": 1, "max_concurrency": 1}
                return {"url": self.gateway_url, "shards": 1, "session_start_limit": limit}
        raise Refused(404, 0, "404: Not Found")

    def _in_channel(self, method: str, parts: list[str], body: Any, files: int) -> Any:
        self._channel(parts[0])
        match method, *parts:
            case "GET", channel:
                return self.channels[channel]
            case "POST", _, "typing":
                return None
            case "GET", channel, "messages":
                after = int(body.get("after", 0))
                return [m for m in self.messages.values() if m["channel_id"] == channel and int(m["id"]) > after][::-1]
            case "POST", channel, "messages":
                return self._create(channel, body, files)
            case _, channel, "messages", message:
                return self._touch(method, channel, message, body)
        raise Refused(404, 0, "404: Not Found")

    def _create(self, channel: str, body: dict[str, Any], files: int) -> dict[str, Any]:
        check_message(body, CREATE_FIELDS, files)
        if channel == CLOSED:
            raise Refused(403, 50013, "Missing Permissions")
        reference = body.get("message_reference")
        if reference and reference["message_id"] not in self.messages and reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        known = self._nonces.get((channel, str(body.get("nonce"))))
        if known in self.messages and body.get("enforce_nonce"):
            return self.messages[str(known)]
        more = {"message_reference": reference, "components": body.get("components", []), "nonce": body.get("nonce")}
        message = self._message(channel, BOT, body.get("content", ""), more | {"flags": body.get("flags", 0)})
        if body.get("nonce") is not None:
            self._nonces[channel, str(body["nonce"])] = message["id"]
        self._written("create", message, body)
        replied = (body.get("allowed_mentions") or {"replied_user": True}).get("replied_user", False)
        if reference and replied:
            self.pinged.add(self.messages[reference["message_id"]]["author"]["id"])
        self._announce("MESSAGE_CREATE", message)
        return message

    def _touch(self, method: str, channel: str, message: str, body: Any) -> dict[str, Any] | None:
        found = self.messages.get(message)
        if found is None or found["channel_id"] != channel:
            raise Refused(404, 10008, "Unknown Message")
        if method == "GET":
            return found
        if found["author"]["id"] != BOT:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        if method == "DELETE":
            self.deleted.append(message)
            self.delete(message)
            return None
        check_message(body, EDIT_FIELDS, 0)
        found |= {key: body[key] for key in ("content", "components") if key in body}
        found["edited_timestamp"] = stamp()
        self._written("edit", found, body)
        self._announce("MESSAGE_UPDATE", found)
        return found

    def _written(self, kind: str, message: dict[str, Any], body: dict[str, Any]) -> None:
        self.writes.append((kind, message["id"], message["content"]))
        self.pinged |= pings(message["content"], body.get("allowed_mentions"))

    def _callback(self, interaction: str, body: dict[str, Any]) -> None:
        if interaction not in self._open:
            raise Refused(404, 10062, "Unknown interaction")
        if interaction in self.callbacks:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        if body.get("type") not in {4, 5, 6, 7, 8, 9}:
            raise invalid("type", "BASE_TYPE_CHOICES", "Not a callback type.")
        if body["type"] in {4, 7}:
            check_message(body.get("data") or {}, CREATE_FIELDS | EDIT_FIELDS, len(self.files))
        if body["type"] == 8 and len(body["data"]["choices"]) > 25:  # the reference's own numbers
            raise invalid("choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        self.callbacks[interaction] = body

    # what there is

    def _interact(self, author: str, channel: str, event: dict[str, Any]) -> str:
        interaction = self._snowflake()
        self._open.add(interaction)
        who: dict[str, Any] = {"user": user(author)}
        if channel in self.channels and "guild_id" in self.channels[channel]:
            who = {"guild_id": GUILD, "member": member(author) | {"permissions": "0"}}
        head = {
            "id": interaction,
            "application_id": BOT,
            "token": f"token{interaction}",
            "version": 1,
            "locale": "en-US",
        }
        place = {"channel_id": channel, "channel": self._channel(channel), "app_permissions": EVERY_PERMISSION}
        rest = {"entitlements": [], "authorizing_integration_owners": {}, "attachment_size_limit": 10_000_000}
        self.gateway.dispatch("INTERACTION_CREATE", {**head, **place, **rest, **who, **event})
        return interaction

    def _channel(self, channel: str) -> dict[str, Any]:
        if channel not in self.channels:
            raise Refused(404, 10003, "Unknown Channel")
        return self.channels[channel]

    def _message(self, channel: str, author: str, content: str, more: dict[str, Any]) -> dict[str, Any]:
        message = said(self._snowflake(), channel, author, content)
        if guild := self._channel(channel).get("guild_id"):
            message |= {"guild_id": guild, "member": member(author)}
        message |= {key: value for key, value in more.items() if value is not None}
        if reference := message.get("message_reference"):
            place = {"channel_id": channel, **({"guild_id": guild} if guild else {})}
            message |= {"type": 19, "message_reference": {**place, **reference}}
            message["referenced_message"] = self.messages.get(str(reference["message_id"]))
        self.messages[message["id"]] = message
        self.channels[channel]["last_message_id"] = message["id"]
        return message

    def _announce(self, event: str, message: dict[str, Any]) -> None:
        """To each session as much as its intents let it see."""
        intent = self._intent(message)
        mentioned = {person["id"] for person in message["mentions"]} | {message["author"]["id"]}
        for session in self.gateway.sessions.values():
            if session.intents & intent:
                seen = bool(session.intents & MESSAGE_CONTENT)
                content = message["content"]
                text = content if seen else hidden(content, BOT, mentioned, direct="guild_id" not in message)
                session.dispatch(event, {**message, "content": text})

    def _intent(self, message: dict[str, Any]) -> int:
        return GUILD_MESSAGES if "guild_id" in message else DIRECT_MESSAGES

    def _snowflake(self) -> str:
        return str(((int(time.time() * 1000) - EPOCH_MS) << 22) + next(self._ids))

    def _flags(self) -> int:
        return 1 << 19 if self.privileged & MESSAGE_CONTENT else 0

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["name"]])

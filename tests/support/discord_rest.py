"""Discord's REST interface on loopback, as strict as the reference, with its rate-limit buckets and faults to order."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from tests.support.discord_reading import page
from tests.support.discord_rules import (
    CREATE_FIELDS,
    EDIT_FIELDS,
    Refused,
    check_commands,
    check_message,
    invalid,
)
from tests.support.discord_threads import DiscordThreads
from tests.support.discord_webhooks import DiscordWebhooks, admitted
from tests.support.discord_world import (
    BOT,
    NAMES,
    Fault,
    admit,
    as_json,
    broken,
    given,
    limited,
    member,
    read,
    stamp,
    user,
)


class DiscordRest(DiscordThreads, DiscordWebhooks):
    """Every request is checked before it is obeyed."""

    async def _api(self, request: web.Request) -> web.StreamResponse:
        path, method = "/" + request.match_info["path"], request.method
        self.requests[f"{method} {path}"] += 1
        await asyncio.sleep(self.latency)
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

    def _refusing(self, now: float) -> float:
        """Seconds for which nothing is taken from the bot at all."""
        if now < self.penalty_ends:
            return self.penalty_ends - now
        return 0.0 if self._all.take(now) else 0.5

    async def _respond(self, request: web.Request, method: str, path: str) -> web.StreamResponse:
        interaction = path.startswith(("/interactions/", "/webhooks/"))
        now = time.monotonic()
        try:
            admit(request.headers, interaction=interaction)
        except Refused as problem:
            return as_json(problem.body, status=problem.status)
        if not interaction and (seconds := self._refusing(now)):
            return limited(seconds, "global", {})
        parts = path.strip("/").split("/")
        bucket = f"{method}:{'/'.join(part for part in parts if not part.isdigit() and part != '@original')}"
        if self.one_bucket and "messages" in parts:
            bucket = "messages"
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
            case "POST", "interactions", interaction, token, "callback":
                return self._callback(interaction, token, body, files)
            case _, "webhooks", *rest:
                return self._webhook(method, rest, body, files)
        return self._about(method, parts)

    def _about(self, method: str, parts: list[str]) -> Any:
        """Itself, and members."""
        match method, *parts:
            case "GET", "guilds", guild, "members", person:
                if guild not in {one["id"] for one in self.gateway.guilds} or person not in NAMES:
                    raise Refused(404, 10007, "Unknown Member")
                return member(person)
            case "GET", "users", "@me":
                return user(BOT, bot=True)
            case "GET", ("oauth2" | "applications"), *_ if parts[-1] == "@me":
                return self.application
            case "GET", "gateway", "bot":
                return {"url": self.gateway.url, "shards": 1, "session_start_limit": self.starts}
        raise Refused(404, 0, "404: Not Found")

    def _in_channel(self, method: str, parts: list[str], body: Any, files: int) -> Any:
        self._channel(parts[0])
        admitted(parts[0])
        match method, *parts:
            case "GET", channel:
                return self.channels[channel]
            case "POST", _, "typing":
                return None
            case "GET", channel, "messages":
                return page((said for said in self.messages.values() if said["channel_id"] == channel), body)
            case "POST", channel, "messages":
                return self._create(channel, body, files)
            case _, channel, "messages", message:
                return self._touch(method, channel, message, body)
        return self._beside(method, parts, body)

    def _create(self, channel: str, body: dict[str, Any], files: int) -> dict[str, Any]:
        check_message(body, CREATE_FIELDS, files)
        if not self._may_write(channel):
            raise Refused(403, 50013, "Missing Permissions")
        self._wake(channel)
        reference = body.get("message_reference")
        about = self.messages.get(reference["message_id"]) if reference else None
        if about and about["channel_id"] != channel:
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "It lies in another channel.")
        if reference and reference["message_id"] not in self.messages and reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        if body.get("enforce_nonce") and (known := self.nonces.known(channel, body.get("nonce"))):
            if known not in self.messages:
                raise Refused(404, 10008, "Unknown Message")
            return self.messages[known]
        more = {"message_reference": reference, **given(body)}
        message = self._message(channel, BOT, body.get("content", ""), more | {"flags": body.get("flags", 0)})
        self.nonces.keep(channel, body.get("nonce"), message["id"])
        self._written("create", message, body)
        replied = (body.get("allowed_mentions") or {"replied_user": True}).get("replied_user", False)
        if reference and replied:
            self.pinged.add(self.messages[reference["message_id"]]["author"]["id"])
        made = message | {key: body[key] for key in ("nonce",) if key in body}
        self._announce("MESSAGE_CREATE", made)
        return made

    def _touch(self, method: str, channel: str, message: str, body: Any) -> dict[str, Any] | None:
        found = self.messages.get(message)
        if found is None or found["channel_id"] != channel:
            raise Refused(404, 10008, "Unknown Message")
        if method == "GET":
            return found
        if found["author"]["id"] != BOT:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        self._check_awake(channel)
        if method == "DELETE":
            self.deleted.append(message)
            self.delete(message)
            return None
        check_message(body, EDIT_FIELDS, 0)
        found |= given(body)
        found["edited_timestamp"] = stamp()
        self._written("edit", found, body)
        self._announce("MESSAGE_UPDATE", found)
        return found

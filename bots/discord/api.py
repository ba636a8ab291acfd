"""Discord's REST interface as far as the bot writes to it: one attempt at each call, every answer read.

discord.py's own client waits and tries again by itself, which would take the order of writes out of the scheduler's
hands; so the library keeps the gateway and its types, and what has to be paced goes through here.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from bots.discord.buckets import Buckets
from bots.shared.surface import File, MessageGone, SurfaceRefused
from core.errors import SurfaceClosed, SurfaceUnavailable
from core.ports import Clock

REQUEST_TIME = 15.0
"""Seconds for one request. Discord answers within one; what takes longer got lost."""
UNKNOWN_MESSAGE = 10008
"""Discord's error code ("JSON Error Codes" in its reference) for a message that is not there."""
CLOSED = frozenset({10003, 50001, 50007, 50013, 50278, 160005})
"""More of them: unknown channel, missing access, no messages to this user, missing permissions, no server in common,
locked thread."""
INVALID_WINDOW = 600.0
INVALID_MOST = 2_500
"""A quarter of the 10,000 answers of 401, 403 or 429 in 10 minutes for which Discord bans an address ("Invalid Request
Limit" in its reference), since several processes may share one."""
GLOBAL_PAUSE = 1.0
"""Seconds, where a global limit comes without any."""
TOO_MANY = 429
FORBIDDEN = frozenset({401, 403})
SERVER_ERROR = 500
GOOD = 300
AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py, {discord.__version__})"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a response said about its rate-limit bucket ("Rate Limits" in Discord's reference).

    limit, remaining: requests. reset_after: seconds until all of them are there again. bucket: Discord's name of it, which
    other routes may have too; empty where it gives none.
    """

    limit: int
    remaining: int
    reset_after: float
    bucket: str = ""


class Refusal(SurfaceRefused):
    """*status* of HTTP and Discord's own *code*."""

    def __init__(self, status: int, code: int, detail: str) -> None:
        super().__init__(f"Discord refused: {status}, code {code}: {detail}")
        self.status = status
        self.code = code


class Closed(Refusal, SurfaceClosed):
    """It has nothing to do with what was sent, but with where: trying again does not help, and nor does anything else."""


class Api:
    """Calls below *url* (``https://discord.com/api/v10``) with the bot's *token*."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, clock: Clock) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bot {token}", "User-Agent": AGENT}
        self.bot = f"discord:{hashlib.sha256(token.encode()).hexdigest()[:16]}"
        """Who the bot is, for what all its processes share; tells nothing of the token."""
        self.buckets = Buckets()
        self._clock = clock
        self._invalid: deque[float] = deque()
        self.on_global: Callable[[float], None] = lambda _seconds: None
        """Told for how many seconds Discord takes nothing at all from this bot."""

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        files: Sequence[File] = (),
        heard: Callable[[Allowance], None] | None = None,
    ) -> Any:
        """One request; its JSON. *heard* is told what the response says of the bucket.

        Raises SurfaceUnavailable, MessageGone and Refusal."""
        self._spare()
        try:
            async with self._clock.watchdog(REQUEST_TIME):
                return await self._attempt(method, path, _content(body, files), heard)
        except (aiohttp.ClientError, OSError) as problem:  # TimeoutError is one of the latter
            raise SurfaceUnavailable(f"Discord cannot be reached: {type(problem).__name__}") from problem

    async def download(self, url: str, most: int) -> bytes:
        """The first *most* bytes of a file that somebody sent. Without the token: it may lie anywhere.

        Raises SurfaceUnavailable."""
        try:
            async with self._clock.watchdog(REQUEST_TIME), self._session.get(url) as response:
                response.raise_for_status()
                content = bytearray()
                while len(content) < most and (chunk := await response.content.read(most - len(content))):
                    content += chunk
                return bytes(content)
        except (aiohttp.ClientError, OSError, ValueError) as problem:  # ValueError: no URL at all
            raise SurfaceUnavailable(f"a file could not be fetched: {type(problem).__name__}") from problem

    async def _attempt(
        self, method: str, path: str, content: Mapping[str, Any], heard: Callable[[Allowance], None] | None
    ) -> Any:
        async with self._session.request(method, self._url + path, headers=self._headers, **content) as response:
            text = await response.text(errors="replace")
        if heard is not None and (allowance := _allowance(response.headers)):
            heard(allowance)
        told = _parsed(text)
        if response.status < GOOD:
            if told is None:
                raise SurfaceUnavailable(f"{response.status}, and not what was asked for")
            return told
        self._count(response.status, response.headers)
        problem = _problem(response.status, told if isinstance(told, dict) else {}, response.headers)
        if isinstance(problem, SurfaceUnavailable) and _is_global(told, response.headers):
            self.on_global(problem.retry_after or GLOBAL_PAUSE)
        raise problem

    def _count(self, status: int, headers: Mapping[str, str]) -> None:
        """A limit that others used up is not held against the bot ("Invalid Request Limit")."""
        shared = headers.get("X-RateLimit-Scope") == "shared"
        if status in FORBIDDEN or (status == TOO_MANY and not shared):
            self._invalid.append(self._clock.monotonic())

    def _spare(self) -> None:
        """Asks nothing more before the count of invalid requests comes near the number that Discord bans for."""
        now = self._clock.monotonic()
        while self._invalid and now - self._invalid[0] >= INVALID_WINDOW:
            self._invalid.popleft()
        if len(self._invalid) >= INVALID_MOST:
            wait = INVALID_WINDOW - (now - self._invalid[0])
            raise SurfaceUnavailable("too many requests were refused", retry_after=wait)


def _content(body: object, files: Sequence[File]) -> dict[str, Any]:
    if not files:
        return {} if body is None else {"json": body}
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    for index, file in enumerate(files):
        form.add_field(f"files[{index}]", file.content, filename=file.name)
    return {"data": form}


def _parsed(text: str) -> Any:
    """None for a page that a proxy put in the place of the answer."""
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return None


def _is_global(told: Any, headers: Mapping[str, str]) -> bool:
    """Both are in the reference ("Exceeding A Rate Limit"), and a proxy may keep one of them back."""
    return bool(headers.get("X-RateLimit-Global") or (isinstance(told, dict) and told.get("global")))


def _allowance(headers: Mapping[str, str]) -> Allowance | None:
    try:
        return Allowance(
            int(headers["X-RateLimit-Limit"]),
            int(headers["X-RateLimit-Remaining"]),
            float(headers["X-RateLimit-Reset-After"]),
            headers.get("X-RateLimit-Bucket", ""),
        )
    except (KeyError, ValueError):
        return None


def _problem(status: int, told: Mapping[str, Any], headers: Mapping[str, str]) -> Exception:
    if status == TOO_MANY:
        return SurfaceUnavailable("429", retry_after=_seconds(told.get("retry_after", headers.get("Retry-After"))))
    if status >= SERVER_ERROR:
        return SurfaceUnavailable(str(status))
    code = told.get("code", 0)
    if code == UNKNOWN_MESSAGE:
        return MessageGone(f"{status}, code {code}")
    kind = Closed if code in CLOSED else Refusal
    return kind(status, code, f"{told.get('message', '')} {json.dumps(told.get('errors', ''))}".strip(' "'))


def _seconds(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None

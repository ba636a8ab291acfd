"""What there is on the Discord that tests run against, and who hears of it when it changes."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.support.discord_gateway import DIRECT_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT, Gateway
from tests.support.discord_rules import Nonces, Refused, Sliding, Window, hidden
from tests.support.discord_world import (
    BOB,
    BOT,
    CLOSED,
    ELSEWHERE,
    EPOCH_MS,
    FAR,
    GENERAL,
    GROUP,
    GUILD,
    QUIET,
    SEND_MESSAGES,
    TOKEN,
    Fault,
    application,
    member,
    said,
    user,
)


@dataclass
class DiscordState:
    """Channels, messages, the gateway's sessions."""

    privileged: int = MESSAGE_CONTENT
    route_limit: int = 5
    route_window: float = 5.0
    global_limit: int = 50
    one_bucket: bool = False
    """Whether all that is done with a channel's messages counts together."""
    latency: float = 0.0
    """Seconds that every request is on its way before it is obeyed."""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    gone: dict[str, dict[str, Any]] = field(default_factory=dict)
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
        self.nonces = Nonces()
        self.penalty_ends = 0.0
        self._buckets: dict[tuple[str, str], Window] = defaultdict(lambda: Window(self.route_limit, self.route_window))
        self._all = Sliding(self.global_limit)
        self.channels: dict[str, dict[str, Any]] = {
            GENERAL: {"id": GENERAL, "type": 0, "name": "general", "guild_id": GUILD, "position": 0},
            QUIET: {"id": QUIET, "type": 0, "name": "quiet", "guild_id": GUILD, "position": 1},
            CLOSED: {"id": CLOSED, "type": 0, "name": "closed", "guild_id": GUILD, "position": 2},
        }
        self.channels[FAR] = {"id": FAR, "type": 0, "name": "far", "position": 0}
        self.channels[GROUP] = {"id": GROUP, "type": 3, "name": "friends", "owner_id": BOB, "recipients": [user(BOB)]}
        denied = {"id": GUILD, "type": 0, "allow": "0", "deny": str(SEND_MESSAGES)}
        self.channels[CLOSED]["permission_overwrites"] = [denied]
        self._hanging = asyncio.Event()
        self.application: dict[str, Any] = application(self._flags())
        self.starts = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}

    @property
    def busiest(self) -> int:
        """Requests in the fullest second so far."""
        return self._all.most

    def penalise(self, seconds: float) -> None:
        """Nothing is taken from the bot for so long."""
        self.penalty_ends = time.monotonic() + seconds

    def delete(self, message: str) -> None:
        gone = self.gone[message] = self.messages.pop(message)
        place = {key: value for key, value in gone.items() if key in {"id", "channel_id", "guild_id"}}
        self.gateway.dispatch("MESSAGE_DELETE", place, self._intent(gone))

    def direct(self, author: str) -> str:
        """The id of the DM channel with *author*."""
        channel = f"9{author}"
        self.channels.setdefault(channel, {"id": channel, "type": 1, "recipients": [user(author)]})
        return channel

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
        """To each session as much as its intents let it see; of a place without the bot nothing."""
        if message["channel_id"] in ELSEWHERE:
            return
        intent = self._intent(message)
        mentioned = {person["id"] for person in message["mentions"]} | {message["author"]["id"]}
        for session in self.gateway.sessions.values():
            if session.intents & intent and session.hears_of(message.get("guild_id")):
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

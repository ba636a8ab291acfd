"""Where the bot may not write, the one who asked hears why, once a day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

import discord
import structlog

from bots.discord.api import Refusal
from bots.discord.translate import ids_of
from bots.shared.surface import MessageGone
from core.domain import Incoming
from core.ports import Clock
from core.wording import Sentence, say

log = structlog.get_logger(__name__)

AGAIN_AFTER = 86_400.0
"""Seconds after which it is said again."""
LOOK_BACK = 50
"""Messages in which is looked whether another process, or this one before a restart, has said it."""
MOST_TOLD = 10_000
"""People and channels remembered as told."""
SIGN = "\N{SPEAK-NO-EVIL MONKEY}"
DIRECT = "@me"

Ask = Callable[[str, str, str, object], Awaitable[Any]]
"""Method, channel, path, body: as `DiscordReplies.ask`."""


def may_write(message: discord.Message) -> bool:
    """As far as the library knows the channel; where it does not, trying tells."""
    channel, server = message.channel, message.guild
    here = server is not None and isinstance(server.me, discord.Member)  # the library may not know it yet
    if (
        server is None
        or not here
        or isinstance(channel, discord.PartialMessageable | discord.DMChannel | discord.GroupChannel)
    ):
        return True
    permissions = channel.permissions_for(server.me)
    return permissions.send_messages_in_threads if isinstance(channel, discord.Thread) else permissions.send_messages


class Refusals:
    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._told: dict[tuple[str, str], float] = {}

    async def tell(self, question: Incoming) -> None:
        """By a direct message, or where the person takes none by a reaction. Raises SurfaceUnavailable."""
        person, channel = question.sender.id.removeprefix("discord:"), _channel_of(question)
        now, key = self._clock.now(), (person, channel)
        if not question.places or now - self._told.get(key, -AGAIN_AFTER) < AGAIN_AFTER:
            return
        sentence = say(Sentence.DISCORD_CANNOT_WRITE, question.sender.language, channel=f"<#{channel}>")
        try:
            await self._write(person, sentence)
        except (MessageGone, Refusal):
            await self._sign(question)
        self._told.pop(key, None)
        self._told[key] = now
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]

    async def _write(self, person: str, sentence: str) -> None:
        direct = str((await self._ask("POST", DIRECT, f"/users/{DIRECT}/channels", {"recipient_id": person}))["id"])
        path = f"/channels/{direct}/messages"
        if any(
            self._is_recent(said, sentence)
            for said in await self._ask("GET", direct, f"{path}?limit={LOOK_BACK}", None)
        ):
            return
        nonce = blake2b(f"{person}/{sentence}".encode(), digest_size=12).hexdigest()
        body = {"content": sentence, "allowed_mentions": {"parse": []}, "nonce": nonce, "enforce_nonce": True}
        await self._ask("POST", direct, path, body)

    def _is_recent(self, said: Any, sentence: str) -> bool:
        young = self._clock.now() - discord.utils.snowflake_time(int(said["id"])).timestamp() < AGAIN_AFTER
        return bool(said["content"] == sentence and said["author"].get("bot")) and young

    async def _sign(self, question: Incoming) -> None:
        if question.ref is None:
            return
        channel, message = ids_of(question.ref)
        path = f"/channels/{channel}/messages/{message}/reactions/{quote(SIGN)}/{DIRECT}"
        try:
            await self._ask("PUT", channel, path, None)
        except (MessageGone, Refusal) as problem:
            log.warning("discord.cannot_write", channel=channel, detail=str(problem))


def _channel_of(question: Incoming) -> str:
    """Where it was asked."""
    return ids_of(question.ref)[0] if question.ref else question.address["channel"]

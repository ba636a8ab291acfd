"""Which roles somebody has where their words do not come with it: those that are read later come without."""

from __future__ import annotations

from typing import Any

import discord
import structlog

from bots.discord.api import Refusal
from bots.discord.surroundings import Read
from bots.discord.translate import LANE
from bots.shared.patience import Patience
from bots.shared.surface import MessageGone
from core.ports import Clock

log = structlog.get_logger(__name__)

FRESH = 60.0
"""Seconds for which what was looked up is believed: who said much while nobody listened is looked up once."""
MOST_KNOWN = 1000


class Members:
    """read: as `DiscordReplies.read`. Discord being away is waited for."""

    def __init__(self, read: Read, patience: Patience, clock: Clock) -> None:
        self._read = read
        self._patience = patience
        self._clock = clock
        self._known: dict[tuple[int, int], tuple[float, tuple[str, ...]]] = {}

    def are_unknown(self, message: discord.Message) -> bool:
        return message.guild is not None and not isinstance(message.author, discord.Member)

    async def roles(self, message: discord.Message) -> tuple[str, ...]:
        """By which access lists may name them; none for who has left the server."""
        who, now = (message.guild.id if message.guild else 0, message.author.id), self._clock.monotonic()
        known_at, roles = self._known.pop(who, (now - FRESH, ()))
        if now - known_at >= FRESH:
            known_at, roles = now, await self._look_up(message.channel.id, *who)
        self._known[who] = known_at, roles
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return roles

    async def _look_up(self, channel: int, server: int, person: int) -> tuple[str, ...]:
        """As "Get Guild Member" in Discord's reference tells them."""
        path = f"/guilds/{server}/members/{person}"
        try:
            member: Any = await self._patience.patiently(lambda: self._read(channel, path))
        except (MessageGone, Refusal) as problem:
            log.info("discord.member_unknown", server=server, detail=str(problem))
            return ()
        return tuple(f"{LANE}:{role}" for role in member["roles"])

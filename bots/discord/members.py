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

log = structlog.get_logger(__name__)


class Members:
    """read: as `DiscordReplies.read`. Discord being away is waited for."""

    def __init__(self, read: Read, patience: Patience) -> None:
        self._read = read
        self._patience = patience

    def are_unknown(self, message: discord.Message) -> bool:
        return message.guild is not None and not isinstance(message.author, discord.Member)

    async def roles(self, message: discord.Message) -> tuple[str, ...]:
        """By which access lists may name them; none for who has left the server ("Get Guild Member" in Discord's
        reference)."""
        server = message.guild.id if message.guild else 0
        path = f"/guilds/{server}/members/{message.author.id}"
        try:
            member: Any = await self._patience.patiently(lambda: self._read(message.channel.id, path))
        except (MessageGone, Refusal) as problem:
            log.info("discord.member_unknown", server=server, detail=str(problem))
            return ()
        return tuple(f"{LANE}:{role}" for role in member["roles"])

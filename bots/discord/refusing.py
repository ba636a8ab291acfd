"""Where the bot may not write, the one who asked hears why, once."""

from __future__ import annotations

import discord
import structlog

from bots.discord.translate import sender_of
from core.wording import Sentence, say

log = structlog.get_logger(__name__)

MOST_TOLD = 10_000
"""People and channels remembered as told."""
SIGN = "\N{SPEAK-NO-EVIL MONKEY}"


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
    def __init__(self) -> None:
        self._told: dict[tuple[int, int], None] = {}

    async def tell(self, message: discord.Message) -> None:
        """By a direct message, or where the person takes none by a reaction."""
        place = (message.channel.id, message.author.id)
        if place in self._told:
            return
        self._told[place] = None
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        language = sender_of(message.author, message.guild).language
        sentence = say(Sentence.DISCORD_CANNOT_WRITE, language, channel=getattr(message.channel, "name", ""))
        try:
            await message.author.send(sentence)
        except discord.HTTPException:
            await _sign(message)


async def _sign(message: discord.Message) -> None:
    try:
        await message.add_reaction(SIGN)
    except discord.HTTPException as problem:
        log.warning("discord.cannot_write", channel=message.channel.id, detail=str(problem))

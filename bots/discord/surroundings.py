"""What a question is about where its own words do not say it: the message it replies to, the first one of a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import discord
import structlog

from bots.discord.api import Refusal
from bots.discord.library import related
from bots.discord.translate import NOTHING, Background, quotation
from bots.shared.patience import Patience
from bots.shared.surface import MessageGone

log = structlog.get_logger(__name__)

FORUMS = frozenset({discord.ChannelType.forum, discord.ChannelType.media})
"""Whose threads begin with a message of their own; others begin with one of the channel."""


Read = Callable[[int, str], Awaitable[Any]]
"""What a GET about this channel gives, once its turn has come. Raises SurfaceUnavailable, MessageGone and Refusal."""


class Surroundings:
    """read: as `DiscordReplies.read`. Discord being away is waited for; what it does not give is left out."""

    def __init__(self, read: Read, patience: Patience) -> None:
        self._read = read
        self._patience = patience

    async def resolve(self, message: discord.Message) -> None:
        """Has `message.reference` hold the message replied to, which the gateway may leave out."""
        reference = message.reference
        is_reply = reference is not None and reference.type is discord.MessageReferenceType.reply
        if reference is None or not is_reply or reference.resolved is not None or reference.message_id is None:
            return
        reference.resolved = await self._message(message, reference.channel_id, reference.message_id)

    async def beginning(self, message: discord.Message, me: discord.abc.User) -> Background:
        """The first message of the thread that *message* is in; nothing where there is none."""
        thread = message.channel
        if not isinstance(thread, discord.Thread) or thread.id == message.id:
            return NOTHING
        parent = thread.parent
        place = thread.id if parent is not None and parent.type in FORUMS else thread.parent_id
        first = await self._message(message, place, thread.id)
        return quotation(first, me, "This thread began with a message") if first else NOTHING

    def replied(self, message: discord.Message, me: discord.abc.User, *, own: bool) -> Background:
        """What is replied to; the bot's *own* words where the history does not hold them."""
        replied = message.reference.resolved if message.reference else None
        if not isinstance(replied, discord.Message) or (replied.author.id == me.id and not own):
            return NOTHING
        return quotation(replied, me)

    async def _message(self, near: discord.Message, channel: int, message: int) -> discord.Message | None:
        try:
            found: Any = await self._patience.patiently(
                lambda: self._read(channel, f"/channels/{channel}/messages/{message}")
            )
        except (MessageGone, Refusal) as problem:
            log.info("discord.not_quoted", channel=channel, detail=str(problem))
            return None
        return related(near, found)

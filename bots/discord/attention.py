"""Which messages are meant for the bot."""

from __future__ import annotations

from math import inf

import discord

from bots.discord.contents import is_worded
from bots.discord.habits import Habits
from bots.discord.translate import is_addressed
from bots.shared.patience import Patience
from bots.shared.platform import Desk
from core.domain import ConversationId, Incoming
from core.errors import NotAllowed

MOST_KNOWN = 10_000
"""Conversations remembered as begun until the store knows them."""


class Attention:
    def __init__(self, desk: Desk, habits: Habits, patience: Patience) -> None:
        self._desk = desk
        self._habits = habits
        self._patience = patience
        self._begun: dict[ConversationId, float] = {}

    async def is_meant(self, message: discord.Message, me: discord.abc.User, incoming: Incoming) -> bool:
        """Besides what `is_addressed`: where everything is heard, what has words and is said by who may ask; who may not
        is told so only when they ask."""
        if is_addressed(message, me):
            return True
        return is_worded(message) and await self._admits(incoming) and await self.hears_all(message, me, incoming)

    async def is_spoken_to(self, message: discord.Message, me: discord.abc.User, incoming: Incoming) -> bool:
        """As `is_meant`, whoever may ask."""
        return is_addressed(message, me) or await self.hears_all(message, me, incoming)

    def begin(self, incoming: Incoming) -> None:
        """That is to be asked: what follows in its conversation is heard even before it is answered."""
        begun = self._begun.pop(incoming.conversation, incoming.sent_at)
        self._begun[incoming.conversation] = min(begun, incoming.sent_at)
        if len(self._begun) > MOST_KNOWN:
            del self._begun[next(iter(self._begun))]

    async def hears_all(self, message: discord.Message, me: discord.abc.User, incoming: Incoming) -> bool:
        """In a channel set so, and in a thread that the bot opened or in which it was spoken to before *message*."""
        if self._habits.always_in(message.channel):
            return True
        channel = message.channel
        if isinstance(channel, discord.Thread) and channel.owner_id == me.id:
            return True
        return _is_in_thread(message) and await self.has_begun(incoming)

    async def _admits(self, incoming: Incoming) -> bool:
        try:
            await self._desk.commands.admit(incoming)
        except NotAllowed:
            return False
        return True

    async def has_begun(self, incoming: Incoming) -> bool:
        """Whether something was asked in its conversation before it was said."""
        begun = self._begun.get(incoming.conversation)
        if begun is None:
            begun = await self._patience.patiently(lambda: self._beginning(incoming.conversation))
        return begun < incoming.sent_at

    async def _beginning(self, conversation: ConversationId) -> float:
        """Unix time of the first question. Raises StoreError."""
        first = await self._desk.store.children(conversation, None)
        failed = (await self._desk.store.conversation(conversation)).failed
        asked = [question.at for question in first[:1]] + ([failed.sent_at] if failed else [])
        return min(asked, default=inf)


def _is_in_thread(message: discord.Message) -> bool:
    """Also in one that was archived until now: of a server's channels, the library knows all but those."""
    unknown = isinstance(message.channel, discord.PartialMessageable) and message.guild is not None
    return unknown or isinstance(message.channel, discord.Thread)

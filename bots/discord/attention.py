"""Which messages are meant for the bot."""

from __future__ import annotations

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
        self._begun: dict[ConversationId, None] = {}

    async def is_meant(self, message: discord.Message, me: discord.abc.User, incoming: Incoming) -> bool:
        """Besides what `is_addressed`: where everything is heard, what has words and is said by who may ask; who may not
        is told so only when they ask."""
        if is_addressed(message, me):
            return True
        return is_worded(message) and self._admits(incoming) and await self._hears_all(message, me, incoming)

    def begin(self, conversation: ConversationId) -> None:
        """Something is to be asked there: what follows is heard even before it is answered."""
        self._begun[conversation] = None
        if len(self._begun) > MOST_KNOWN:
            del self._begun[next(iter(self._begun))]

    async def _hears_all(self, message: discord.Message, me: discord.abc.User, incoming: Incoming) -> bool:
        """In a channel set so, and in a thread that the bot opened or in which it was spoken to before."""
        if self._habits.always_in(message.channel):
            return True
        thread = message.channel
        return isinstance(thread, discord.Thread) and (
            thread.owner_id == me.id or await self.has_begun(incoming.conversation)
        )

    def _admits(self, incoming: Incoming) -> bool:
        try:
            self._desk.commands.admit(incoming)
        except NotAllowed:
            return False
        return True

    async def has_begun(self, conversation: ConversationId) -> bool:
        if conversation in self._begun:
            return True
        kept = await self._patience.patiently(lambda: self._desk.store.conversation(conversation))
        return kept.head is not None or kept.failed is not None

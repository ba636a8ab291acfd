"""Which messages are meant for the bot."""

from __future__ import annotations

import discord

from bots.discord.contents import is_worded
from bots.discord.habits import Habits
from bots.discord.translate import is_addressed
from bots.shared.patience import Patience
from core.domain import ConversationId, Incoming
from core.ports import History

MOST_KNOWN = 10_000
"""Conversations remembered as begun until the store knows them."""


class Attention:
    def __init__(self, history: History, habits: Habits, patience: Patience) -> None:
        self._history = history
        self._habits = habits
        self._patience = patience
        self._begun: dict[ConversationId, None] = {}

    async def is_meant(self, message: discord.Message, me: discord.abc.User, incoming: Incoming) -> bool:
        """Besides what `is_addressed`: everything in a channel set so, and in a thread that the bot opened or in which it
        was spoken to before."""
        if is_addressed(message, me):
            return True
        if not is_worded(message):
            return False
        if self._habits.always_in(message.channel):
            return True
        thread = message.channel
        return isinstance(thread, discord.Thread) and (
            thread.owner_id == me.id or await self.has_begun(incoming.conversation)
        )

    def begin(self, conversation: ConversationId) -> None:
        """Something is to be asked there: what follows is heard even before it is answered."""
        self._begun[conversation] = None
        if len(self._begun) > MOST_KNOWN:
            del self._begun[next(iter(self._begun))]

    async def has_begun(self, conversation: ConversationId) -> bool:
        if conversation in self._begun:
            return True
        kept = await self._patience.patiently(lambda: self._history.conversation(conversation))
        return kept.head is not None or kept.failed is not None

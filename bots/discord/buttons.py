"""The buttons under an answer, pressed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from bots.discord.api import Api
from bots.discord.habits import Habits
from bots.discord.interactions import (
    EPHEMERAL,
    Acknowledging,
    Callback,
    Responses,
    acknowledged,
    conversation_of,
    hook_of,
    hooked,
    incoming_of,
    is_elsewhere,
    message,
)
from bots.discord.render import Pressed, pressed
from bots.discord.threads import SCOPE
from bots.discord.translate import Place, ref_of
from bots.shared.platform import Desk
from bots.shared.pressing import Press, Presses
from bots.shared.surface import Action
from core.domain import ConversationId, Ref
from core.wording import Sentence, say

MOST_GONE = 1000
"""Deleted messages remembered: only what was on its way while they were deleted can still be about them."""


class Buttons:
    def __init__(self, api: Api, desk: Desk, habits: Habits, acknowledging: Acknowledging) -> None:
        self._acknowledging = acknowledging
        self._responses = Responses(api, desk.clock)
        self._presses = Presses(desk.store, desk.commands)
        self._habits = habits
        self._store = desk.store
        self._gone: dict[int, None] = {}

    def deleted(self, message: int) -> None:
        """What was under it does nothing any more."""
        self._gone[message] = None
        if len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]

    async def pressed(self, interaction: discord.Interaction) -> None:
        async with self._acknowledging(hook_of(interaction)):
            await self._responses.react(interaction, self._obeyed(interaction))

    async def _obeyed(self, interaction: discord.Interaction) -> Callback:
        data: Mapping[str, Any] = interaction.data or {}
        above, button = interaction.message, pressed(str(data.get("custom_id", "")))
        if above is None or button is None or above.id in self._gone:
            told = say(Sentence.BUTTON_STALE, str(interaction.locale))
        else:
            told = await self._presses.obey(await self._press(interaction, above, button))
        return message(told, flags=EPHEMERAL) if told else acknowledged()

    async def _press(self, interaction: discord.Interaction, above: discord.Message, button: Pressed) -> Press:
        """An answer to a command is written as such again: the bot itself may not be able to."""
        conversation, may = await self._conversation(interaction, above, button), interaction.permissions
        incoming = replace(incoming_of(interaction, self._habits), conversation=conversation)
        by_command = above.interaction_metadata is not None and button.action is not Action.CONTINUE
        if by_command or is_elsewhere(interaction):
            incoming = hooked(incoming, interaction)
        moderates = may.manage_messages or may.administrator
        return Press(incoming, _ref(above), button.action, button.message, moderates)

    async def _conversation(
        self, interaction: discord.Interaction, above: discord.Message, button: Pressed
    ) -> ConversationId:
        """That of the person who asked, also where a moderator presses; beside a question whose thread could not be
        opened, the thread's."""
        here = conversation_of(interaction, int(button.owner), self._habits)
        asked = above.reference.message_id if above.reference else None
        if asked is None or self._habits.scope_in(interaction.channel) != SCOPE:
            return here
        thread = Place(asked, interaction.guild_id).conversation(0, SCOPE)
        return thread if await self._store.shown_as(thread, _ref(above)) else here


def _ref(message: discord.Message) -> Ref:
    return ref_of(message.channel.id, message.id)

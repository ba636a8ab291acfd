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
from bots.discord.translate import ref_of
from bots.shared.platform import Desk
from bots.shared.pressing import Press, Presses
from bots.shared.surface import Action
from core.domain import Incoming
from core.wording import Sentence, say

MOST_GONE = 1000
"""Deleted messages remembered: only what was on its way while they were deleted can still be about them."""


class Buttons:
    def __init__(self, api: Api, desk: Desk, habits: Habits, acknowledging: Acknowledging) -> None:
        self._acknowledging = acknowledging
        self._responses = Responses(api, desk.clock)
        self._presses = Presses(desk.store, desk.commands)
        self._habits = habits
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
            sentence: Sentence | None = Sentence.BUTTON_STALE
        else:
            sentence = await self._presses.obey(self._press(interaction, above, button))
        return message(say(sentence, str(interaction.locale)), flags=EPHEMERAL) if sentence else acknowledged()

    def _press(self, interaction: discord.Interaction, above: discord.Message, button: Pressed) -> Press:
        incoming = self._incoming(interaction, above, button)
        may = interaction.permissions
        under, moderates = ref_of(above.channel.id, above.id), may.manage_messages or may.administrator
        return Press(incoming, under, button.action, button.message, moderates)

    def _incoming(self, interaction: discord.Interaction, above: discord.Message, button: Pressed) -> Incoming:
        """In the conversation of the person who asked, also where a moderator presses. An answer to a command is
        written as such again: the bot itself may not be able to."""
        conversation = conversation_of(interaction, int(button.owner), self._habits)
        incoming = replace(incoming_of(interaction, self._habits), conversation=conversation)
        by_command = above.interaction_metadata is not None and button.action is not Action.CONTINUE
        return hooked(incoming, interaction) if by_command or is_elsewhere(interaction) else incoming

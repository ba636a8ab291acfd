"""The buttons under an answer, pressed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord

from bots.discord.api import Api
from bots.discord.habits import Habits
from bots.discord.interactions import EPHEMERAL, acknowledged, answer, incoming_of, message, place_of
from bots.discord.render import Pressed, pressed
from bots.shared.surface import Action
from core.conversations.commands import Commands
from core.domain import ConversationId, Incoming, Message, TextPart, answer_id
from core.errors import ChatError, StoreError
from core.ports import Store
from core.wording import Sentence, say


class Buttons:
    """What a button does is in its `custom_id` and in the store, so any process can do it."""

    def __init__(self, api: Api, store: Store, commands: Commands, habits: Habits) -> None:
        self._api = api
        self._commands = commands
        self._store = store
        self._habits = habits

    async def pressed(self, interaction: discord.Interaction) -> None:
        language = str(interaction.locale)
        data: Mapping[str, Any] = interaction.data or {}
        button = pressed(str(data.get("custom_id", "")))
        if button is None:
            sentence: Sentence | None = Sentence.BUTTON_STALE
        elif not _may(interaction, button):
            sentence = Sentence.BUTTON_NOT_YOURS
        else:
            sentence = await self._obeyed(interaction, button)
        callback = message(say(sentence, language), flags=EPHEMERAL) if sentence else acknowledged()
        await answer(self._api, interaction, callback)

    async def _obeyed(self, interaction: discord.Interaction, button: Pressed) -> Sentence | None:
        """None when it was done; else what there is to say."""
        incoming = replace(incoming_of(interaction, self._habits), conversation=self._conversation(interaction, button))
        try:
            return await self._do(incoming, button)
        except ChatError as problem:
            return problem.sentence
        except StoreError:
            return Sentence.STORE_AWAY

    def _conversation(self, interaction: discord.Interaction, button: Pressed) -> ConversationId:
        """That of the person who asked, also where a moderator presses."""
        return place_of(interaction).conversation(int(button.owner), self._habits.scope_in(interaction.channel))

    async def _do(self, incoming: Incoming, button: Pressed) -> Sentence | None:
        if button.action is Action.STOP:
            return None if await self._store.stop(incoming.conversation) else Sentence.STOP_NOTHING
        kept = await self._store.message(incoming.conversation, button.message)
        if kept is not None and button.action is Action.CONTINUE:
            return await self._go_on(incoming, kept)
        if kept is not None and kept.parent is not None:
            await self._store.put(replace(incoming, again=kept.parent))
            return None
        return await self._ask_failed_again(incoming, button)

    async def _go_on(self, incoming: Incoming, kept: Message) -> Sentence | None:
        words = say(Sentence.DISCORD_GO_ON, incoming.sender.language)
        refs = await self._store.refs(incoming.conversation, kept.id)
        if not refs:
            return Sentence.BUTTON_STALE
        await self._store.put(replace(incoming, parts=(TextPart(words),), reply_to=refs[-1]))
        return None

    async def _ask_failed_again(self, incoming: Incoming, button: Pressed) -> Sentence | None:
        """What ended in an error is in no history; only the newest such question is known."""
        failed = (await self._store.conversation(incoming.conversation)).failed
        if failed is None or answer_id(failed.event_id) != button.message:
            return Sentence.BUTTON_STALE
        await self._commands.run("retry", "", incoming)
        return None


def _may(interaction: discord.Interaction, button: Pressed) -> bool:
    """The one who asked, and those who may manage messages here."""
    return str(interaction.user.id) == button.owner or interaction.permissions.manage_messages

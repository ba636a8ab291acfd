"""Slash commands and autocompletion: core's commands in Discord's shape."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import discord

from bots.discord.api import Api
from bots.discord.habits import Habits
from bots.discord.interactions import (
    AT_ONCE,
    EPHEMERAL,
    Acknowledging,
    Callback,
    Responses,
    answer,
    deferred,
    hook_of,
    hooked,
    incoming_of,
    message,
    said,
)
from bots.discord.menu import ASK
from bots.discord.translate import id_in
from bots.shared.platform import Desk
from bots.shared.surface import File
from core.conversations.commands import find
from core.conversations.invoking import Reaction
from core.domain import Incoming, TextPart
from core.errors import EmptyMessage, StoreError
from core.wording import Sentence, say

RETRY = "retry"
SELECT, ACTION_ROW = 3, 1
"""Types, from "Component Reference" in Discord's reference."""
MOST_CHOICES = 25
"""Choices of an autocompletion or a select at most, from the same page and "Application Commands"."""
LONGEST_CHOICE = 100
CHOOSE = "parlour:choose"


class SlashCommands:
    """Runs what people invoke; every invocation is answered, and at once."""

    def __init__(self, api: Api, desk: Desk, habits: Habits, acknowledging: Acknowledging) -> None:
        self._api = api
        self._desk = desk
        self._habits = habits
        self._acknowledging = acknowledging
        self._responses = Responses(api, desk.clock)

    async def invoked(self, interaction: discord.Interaction) -> None:
        data: Any = interaction.data or {}
        name = data.get("name", "")
        argument = next((str(option.get("value", "")) for option in data.get("options", [])), "")
        incoming = hooked(incoming_of(interaction, self._habits), interaction)
        asked = replace(incoming, parts=(TextPart(said(argument, interaction)),))
        work = put(self._desk, asked) if name == ASK else self._run(name, argument, incoming)
        async with self._acknowledging(hook_of(interaction)):
            await self._responses.give(interaction, work, private=name not in {ASK, RETRY})

    async def chosen(self, interaction: discord.Interaction) -> None:
        """Somebody picked a value from a command's menu."""
        data: Any = interaction.data or {}
        name = data.get("custom_id", "").removeprefix(f"{CHOOSE}:")
        value, command = next(iter(data.get("values", [])), ""), find(name)
        if command is None or command.choices is None:
            stale = say(Sentence.BUTTON_STALE, str(interaction.locale))
            await answer(self._api, interaction, message(stale, flags=EPHEMERAL))
        else:
            work = self._run(name, value, incoming_of(interaction, self._habits))
            await self._responses.give(interaction, work, private=True)

    async def completed(self, interaction: discord.Interaction) -> None:
        """Nothing is offered where that would take too long: it cannot be announced."""
        data: Any = interaction.data or {}
        typed = next((str(option.get("value", "")) for option in data.get("options", []) if option.get("focused")), "")
        incoming = incoming_of(interaction, self._habits)
        choices: list[dict[str, str]] = []
        with suppress(StoreError, TimeoutError):
            async with self._desk.clock.watchdog(AT_ONCE):
                found = await self._desk.commands.complete(data.get("name", ""), typed, incoming)
                choices = [{"name": _cut(choice.label), "value": choice.value} for choice in found]
        kind = discord.InteractionResponseType.autocomplete_result.value
        offered = [choice for choice in choices if _fits(choice["value"])][:MOST_CHOICES]
        await answer(self._api, interaction, Callback({"type": kind, "data": {"choices": offered}}))

    async def _run(self, name: str, argument: str, incoming: Incoming) -> Callback:
        command = find(name)
        if command and command.names_anybody:
            argument = id_in(argument)
        reaction = await self._desk.commands.run(name, argument, incoming)
        return deferred() if reaction.turn else _shown(name, reaction)


async def put(desk: Desk, asked: Incoming) -> Callback:
    """Has *asked* answered, as the response that this callback announces. Raises ChatError and StoreError."""
    await desk.commands.admit(asked)
    if not any(part.text.strip() for part in asked.parts):
        raise EmptyMessage
    await desk.store.put(asked)
    return deferred()


def _shown(name: str, reaction: Reaction) -> Callback:
    files = tuple(File(document.name, document.content) for document in reaction.documents)
    return message(reaction.text, flags=EPHEMERAL, files=files, components=_menu(name, reaction))


def _menu(name: str, reaction: Reaction) -> list[dict[str, Any]]:
    options = [
        {"label": _cut(choice.label), "value": choice.value, "default": choice.current}
        for choice in reaction.choices
        if _fits(choice.value)
    ]
    if not options:
        return []
    select = {"type": SELECT, "custom_id": f"{CHOOSE}:{name}", "options": options[:MOST_CHOICES]}
    return [{"type": ACTION_ROW, "components": [select]}]


def _cut(label: str) -> str:
    return label[:LONGEST_CHOICE]


def _fits(value: str) -> bool:
    return len(value) <= LONGEST_CHOICE

"""Slash commands and autocompletion: core's commands in Discord's shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord
import structlog

from bots.discord.api import Api
from bots.discord.habits import Habits
from bots.discord.interactions import EPHEMERAL, Callback, answer, incoming_of, message
from bots.shared.surface import File
from core.conversations.commands import COMMANDS, Command, Commands, Reaction
from core.domain import Incoming, TextPart
from core.errors import ChatError, StoreError
from core.ports import Inbox
from core.wording import Sentence, say

log = structlog.get_logger(__name__)

ASK = "ask"
STRING_OPTION, SELECT, ACTION_ROW = 3, 3, 1
"""Types, from "Application Commands" and "Component Reference" in Discord's reference."""
MOST_CHOICES = 25
"""Choices of an autocompletion or a select at most, from the same pages."""
LONGEST_CHOICE = 100
CHOOSE = "parlour:choose"
CHINESE = ("zh-CN", "zh-TW")
"""Discord's locales that read Chinese."""
READ_ONLY = frozenset({"context", "usage", "export", "help"})
"""Commands whose answers concern only the one who asked; the others change what all in the channel talk to."""


def definitions() -> list[dict[str, Any]]:
    """The commands as Discord registers them."""
    named = [(name, command) for command in COMMANDS for name in (command.name, *command.aliases)]
    asking = _defined(ASK, Sentence.COMMAND_ASK, Sentence.DISCORD_HELP_ASK)
    asking["options"] = [_option("question", Sentence.DISCORD_ARGUMENT_QUESTION) | {"required": True}]
    return [asking, *(_definition(name, command) for name, command in named)]


def _definition(name: str, command: Command) -> dict[str, Any]:
    made = _defined(name, Sentence(f"command_{name}"), command.help)
    if command.argument is not None:
        made["options"] = [_option("name", command.argument) | {"autocomplete": True}]
    return made


def _defined(name: str, title: Sentence, purpose: Sentence) -> dict[str, Any]:
    return {
        "name": name,
        "name_localizations": dict.fromkeys(CHINESE, say(title, "zh")),
        "description": say(purpose, "en"),
        "description_localizations": dict.fromkeys(CHINESE, say(purpose, "zh")),
        "type": discord.AppCommandType.chat_input.value,
        "integration_types": [0],
        "contexts": [0, 1],
    }


def _option(name: str, purpose: Sentence) -> dict[str, Any]:
    localised = dict.fromkeys(CHINESE, say(purpose, "zh"))
    return {
        "type": STRING_OPTION,
        "name": name,
        "description": say(purpose, "en"),
        "description_localizations": localised,
    }


async def register(api: Api, application: str) -> bool:
    """Registers the commands if what Discord has differs; whether it did. Raises SurfaceUnavailable and Refusal."""
    path = f"/applications/{application}/commands"
    wanted = definitions()
    present = await api.call("GET", f"{path}?with_localizations=true")
    if _same(present, wanted):
        return False
    await api.call("PUT", path, wanted)
    return True


def _same(present: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]) -> bool:
    """Discord adds fields of its own; what we say must be there as we say it."""
    known = {command["name"]: command for command in present}
    return len(known) == len(wanted) and all(_holds(known.get(command["name"]), command) for command in wanted)


def _holds(present: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(_holds(present.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        alike = isinstance(present, list) and len(present) == len(wanted)
        return alike and all(_holds(old, new) for old, new in zip(present, wanted, strict=True))
    return bool(present == wanted)


class SlashCommands:
    """Runs what people invoke; every invocation is answered, and at once."""

    def __init__(self, api: Api, commands: Commands, inbox: Inbox, habits: Habits) -> None:
        self._api = api
        self._commands = commands
        self._inbox = inbox
        self._habits = habits

    async def invoked(self, interaction: discord.Interaction) -> None:
        data: Any = interaction.data or {}
        given = {option["name"]: str(option.get("value", "")) for option in data.get("options", [])}
        name, incoming = data.get("name", ""), incoming_of(interaction, self._habits)
        argument = next(iter(given.values()), "")
        run = self._asked(argument, incoming) if name == ASK else self._run(name, argument, incoming)
        await answer(self._api, interaction, await run)

    async def chosen(self, interaction: discord.Interaction) -> None:
        """Somebody picked a value from a command's menu."""
        data: Any = interaction.data or {}
        name = data.get("custom_id", "").removeprefix(f"{CHOOSE}:")
        value = next(iter(data.get("values", [])), "")
        await answer(self._api, interaction, await self._run(name, value, incoming_of(interaction, self._habits)))

    async def completed(self, interaction: discord.Interaction) -> None:
        data: Any = interaction.data or {}
        typed = next((option.get("value", "") for option in data.get("options", []) if option.get("focused")), "")
        try:
            found = await self._commands.complete(data.get("name", ""), typed, incoming_of(interaction, self._habits))
        except StoreError:
            found = ()
        choices = [{"name": _cut(choice.label), "value": choice.value} for choice in found if _fits(choice.value)]
        data = {"choices": choices[:MOST_CHOICES]}
        kind = discord.InteractionResponseType.autocomplete_result.value
        await answer(self._api, interaction, Callback({"type": kind, "data": data}))

    async def _asked(self, question: str, incoming: Incoming) -> Callback:
        language = incoming.sender.language
        asked = replace(incoming, parts=(TextPart(question),))
        try:
            await self._inbox.put(asked)
        except StoreError:
            return message(say(Sentence.STORE_AWAY, language), flags=EPHEMERAL)
        return message(say(Sentence.DISCORD_ASKS, language, name=incoming.sender.name, question=question))

    async def _run(self, name: str, argument: str, incoming: Incoming) -> Callback:
        language = incoming.sender.language
        try:
            reaction = await self._commands.run(name, argument, incoming)
        except ChatError as problem:
            return message(say(problem.sentence, language, **problem.values), flags=EPHEMERAL)
        except StoreError:
            return message(say(Sentence.STORE_AWAY, language), flags=EPHEMERAL)
        return _shown(name, reaction, language)


def _shown(name: str, reaction: Reaction, language: str) -> Callback:
    """Visible to the caller alone where it changes nothing for the others."""
    files = tuple(File(document.name, document.content) for document in reaction.documents)
    text = reaction.text or say(Sentence.DISCORD_ASKED_AGAIN, language)
    private = name in READ_ONLY or bool(reaction.choices)
    return message(text, flags=EPHEMERAL if private else 0, files=files, components=_menu(name, reaction))


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

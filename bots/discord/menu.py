"""The commands as Discord's menus show them, registered when they have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import discord

from bots.discord.api import Api
from core.conversations.commands import COMMANDS
from core.conversations.invoking import Command
from core.wording import TONGUES, Sentence, say

ASK = "ask"
ABOUT, BRANCH = Sentence.COMMAND_ASK_ABOUT, Sentence.COMMAND_BRANCH
"""Commands on a message; Discord knows them by their English names."""
STRING_OPTION = 3
"""The type of an option, from "Application Commands" in Discord's reference."""
LOCALES = {locale.value: locale.value.partition("-")[0] for locale in discord.Locale}
"""Discord's locales, and the language that is read in each. What is not told for one is shown in English."""
SERVER_INSTALL, USER_INSTALL = 0, 1
"""Who can install the app ("Application Integration Types")."""
SERVER, BOT_DM, PRIVATE_CHANNEL = 0, 1, 2
"""Where a command can be used ("Interaction Context Types"): the last are DMs without the bot, which only an app that
its user installed gets to."""
_HIDDEN = {"default_member_permissions": "0", "integration_types": [SERVER_INSTALL], "contexts": [SERVER]}
"""For what only the bot's own admins may run: Discord does not know those, so it shows it to a server's administrators, who
can show it to others, and nowhere else ("Application Command Permissions" in its reference)."""


def definitions(installs: Collection[int]) -> list[dict[str, Any]]:
    """The commands as Discord registers them. installs: who can install the app."""
    shown = [command for command in COMMANDS if SERVER_INSTALL in installs or not command.admin_only]
    named = [(name, command) for command in shown for name in (command.name, *command.aliases)]
    asking = _slash(ASK, Sentence.COMMAND_ASK, Sentence.DISCORD_HELP_ASK)
    asking["options"] = [_option("question", Sentence.DISCORD_ARGUMENT_QUESTION) | {"required": True}]
    slash = [asking, *(_definition(name, command) for name, command in named)]
    everything = [*slash, _on_message(ABOUT), _on_message(BRANCH)]
    hidden = {name: _HIDDEN for name, command in named if command.admin_only}
    return [command | _places(installs) | hidden.get(command["name"], {}) for command in everything]


async def register(api: Api, application: str, installs: Collection[int]) -> bool:
    """Registers the commands if what Discord has differs; whether it did. Raises SurfaceUnavailable and Refusal."""
    path = f"/applications/{application}/commands"
    wanted = definitions(installs)
    present = await api.call("GET", f"{path}?with_localizations=true")
    if _same(present, wanted):
        return False
    await api.call("PUT", path, wanted)
    return True


def _definition(name: str, command: Command) -> dict[str, Any]:
    made = _slash(name, Sentence(f"command_{name}"), command.help)
    if command.argument is not None:
        made["options"] = [_option("name", command.argument) | {"autocomplete": True}]
    return made


def _slash(name: str, title: Sentence, purpose: Sentence) -> dict[str, Any]:
    return {
        "type": discord.AppCommandType.chat_input.value,
        "name": name,
        "name_localizations": _localised(title),
        "description": say(purpose, "en"),
        "description_localizations": _localised(purpose),
    }


def _on_message(title: Sentence) -> dict[str, Any]:
    kind = discord.AppCommandType.message.value
    return {"type": kind, "name": say(title, "en"), "name_localizations": _localised(title)}


def _option(name: str, purpose: Sentence) -> dict[str, Any]:
    return {
        "type": STRING_OPTION,
        "name": name,
        "description": say(purpose, "en"),
        "description_localizations": _localised(purpose),
    }


def _localised(sentence: Sentence) -> dict[str, str]:
    told = TONGUES.keys() - {"en"}
    return {locale: say(sentence, tongue) for locale, tongue in LOCALES.items() if tongue in told}


def _places(installs: Collection[int]) -> dict[str, list[int]]:
    everywhere = [SERVER, BOT_DM, PRIVATE_CHANNEL] if USER_INSTALL in installs else [SERVER, BOT_DM]
    return {"integration_types": sorted(installs), "contexts": everywhere}


def _same(present: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]) -> bool:
    """Discord adds fields of its own; what we say must be there as we say it."""
    known, needed = _by_name(present), _by_name(wanted)
    return known.keys() == needed.keys() and all(_holds(known[key], command) for key, command in needed.items())


def _by_name(commands: Iterable[dict[str, Any]]) -> dict[tuple[int, str], dict[str, Any]]:
    """Commands of different types may share a name."""
    return {(command.get("type", 1), command["name"]): command for command in commands}


def _holds(present: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(_holds(present.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        alike = isinstance(present, list) and len(present) == len(wanted)
        return alike and all(_holds(old, new) for old, new in zip(present, wanted, strict=True))
    return bool(present == wanted)

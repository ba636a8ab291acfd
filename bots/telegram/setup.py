"""What Telegram says of the bot, and what it is told to say: its menu of commands and its profile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    User,
    WebhookInfo,
)

from bots.shared.platform import Finding, State
from bots.telegram.library import UnknownMethod, attempt, identity
from core.conversations.commands import COMMANDS
from core.conversations.invoking import Command
from core.wording import TONGUES, Sentence, say

log = structlog.get_logger(__name__)

PRIVACY_ON = (
    "privacy mode is on: in groups it hears only commands for it and replies to it, no mentions; "
    "@BotFather switches it off (/setprivacy), or make it an administrator"
)
SPOKEN = {"" if tongue == "en" else tongue: tongue for tongue in TONGUES}
"""The languages in which Telegram is told something; the first is for all others."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """me: the bot as Telegram knows it. webhook: where Telegram delivers to, and how much waits to be delivered."""

    me: User
    webhook: WebhookInfo


async def look_up(bot: Bot) -> Portrait:
    """Raises SurfaceRefused (a wrong token in one sentence) and SurfaceUnavailable."""
    me = await identity(bot)
    return Portrait(me, await attempt(bot.get_webhook_info()))


def findings(portrait: Portrait, lane: str) -> list[Finding]:
    """The lines of ``check``."""
    me, webhook = portrait.me, portrait.webhook
    delivered = f"delivered to {webhook.url}" if webhook.url else "asked for (no webhook is set)"
    found = [Finding(State.OK, lane, f"{me.name}; updates are {delivered}; waiting: {webhook.pending_update_count}")]
    if webhook.last_error_message:
        found.append(Finding(State.WARN, lane, f"the last delivery failed: {webhook.last_error_message}"))
    if not me.can_read_all_group_messages:
        found.append(Finding(State.WARN, lane, PRIVACY_ON))
    return found


async def introduce(bot: Bot) -> int:
    """Tells Telegram the commands and the profile's texts where it has others: how many of them it did not have.

    Raises SurfaceRefused and SurfaceUnavailable."""
    scopes = (BotCommandScopeAllPrivateChats(), BotCommandScopeAllGroupChats())
    usual = [command for command in COMMANDS if not command.admin_only]
    tellings = [_tell_commands(bot, usual, scope, code) for scope in scopes for code in SPOKEN]
    tellings += [tell(bot, code) for tell in (_tell_description, _tell_about) for code in SPOKEN]
    told = await asyncio.gather(*map(_if_known, tellings))
    if None in told:
        log.info("telegram.older_server", detail="of the menu and the profile it is told what it has a place for")
    return sum(filter(None, told))


async def show_all(bot: Bot, chat: int) -> None:
    """Has the private *chat* of an admin show what only they may run, too. Raises as `introduce`."""
    await asyncio.gather(*(_tell_commands(bot, COMMANDS, BotCommandScopeChat(chat), code) for code in SPOKEN))


async def _if_known(telling: Awaitable[bool]) -> bool | None:
    """None where the server is older than the methods for it."""
    try:
        return await telling
    except UnknownMethod:
        return None


async def _tell_commands(bot: Bot, commands: Iterable[Command], scope: BotCommandScope, code: str) -> bool:
    wanted = tuple(BotCommand(command.name, say(command.help, SPOKEN[code])) for command in commands)
    present = await attempt(bot.get_my_commands(scope, code))
    return await _told(present, wanted, lambda: bot.set_my_commands(wanted, scope, code))


async def _tell_description(bot: Bot, code: str) -> bool:
    """What an empty chat with the bot shows."""
    wanted = say(Sentence.TELEGRAM_DESCRIPTION, SPOKEN[code])
    present = (await attempt(bot.get_my_description(code))).description
    return await _told(present, wanted, lambda: bot.set_my_description(wanted, code))


async def _tell_about(bot: Bot, code: str) -> bool:
    """What its profile shows, and a link to it."""
    wanted = say(Sentence.TELEGRAM_ABOUT, SPOKEN[code])
    present = (await attempt(bot.get_my_short_description(code))).short_description
    return await _told(present, wanted, lambda: bot.set_my_short_description(wanted, code))


async def _told(present: Sequence[object], wanted: Sequence[object], tell: Callable[[], Awaitable[bool]]) -> bool:
    if present == wanted:
        return False
    await attempt(tell())
    return True

"""What Telegram says of the bot."""

from __future__ import annotations

from dataclasses import dataclass

from telegram import Bot, User, WebhookInfo

from bots.telegram.library import attempt

PRIVACY_ON = (
    "privacy mode is on: in groups it sees commands, replies to it and messages that mention it, which is enough"
)


@dataclass(frozen=True, slots=True)
class Portrait:
    """me: the bot as Telegram knows it. webhook: where Telegram delivers to, and how much waits to be delivered."""

    me: User
    webhook: WebhookInfo


async def look_up(bot: Bot) -> Portrait:
    """Raises SurfaceRefused (a wrong token in one sentence) and SurfaceUnavailable."""
    me = await attempt(bot.get_me())
    return Portrait(me, await attempt(bot.get_webhook_info()))

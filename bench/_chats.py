"""What stands in a chat of the tests' Discord or Telegram, to be drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pyromark

from bench._drawing import Said
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import BOT, NAMES
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import BOT as TELEGRAM_BOT

TAGS = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code", "pre": "pre"} | {
    "blockquote": "blockquote"
}
"""HTML for the kinds of a MessageEntity (Bot API) that look like anything."""
_QUOTED = re.compile(r"^&gt; (.*)\n", re.MULTILINE)
"""On Discord a quotation ends with its line."""


def on_discord(discord: DiscordServer, channel: str) -> list[Said]:
    here = (message for message in discord.messages.values() if message["channel_id"] == channel)
    return [_discord_message(discord, message) for message in here]


def _discord_message(discord: DiscordServer, message: dict[str, Any]) -> Said:
    author, about = message["author"]["id"], message.get("referenced_message")
    return Said(
        NAMES[author].capitalize(),
        _named(pyromark.html(_QUOTED.sub(r"> \1\n\n", escape(message["content"], quote=False)))),
        is_bot=author == BOT,
        about=f"↪ {NAMES[about['author']['id']].capitalize()}: {_plain(about['content'])}" if about else "",
        buttons=list(discord.buttons(message)),
    )


def _named(html: str) -> str:
    return html.replace(f"&lt;@{BOT}&gt;", "<span class=mention>@Parlour</span>")


def _plain(content: str) -> str:
    return content.replace(f"<@{BOT}>", "@Parlour")


def on_telegram(telegram: TelegramServer, chat: int) -> list[Said]:
    here = (message for (place, _), message in telegram.messages.items() if place == chat)
    return [_telegram_message(telegram, message) for message in here]


def _telegram_message(telegram: TelegramServer, message: dict[str, Any]) -> Said:
    about = message.get("reply_to_message")
    return Said(
        message["from"]["first_name"],
        f"<p>{marked(message['text'], message.get('entities', []))}</p>",
        is_bot=message["from"]["id"] == TELEGRAM_BOT,
        about=f"↪ {about['from']['first_name']}: {about['text']}" if about else "",
        buttons=list(telegram.buttons(message)),
    )


def marked(text: str, entities: Sequence[Mapping[str, Any]]) -> str:
    """*text* as HTML. Entities are counted in UTF-16, and lie within each other or apart ("Formatting options" in the
    reference)."""
    units = text.encode("utf-16-le")
    opened, closed = dict[int, str](), dict[int, str]()
    for entity in entities:
        if tag := TAGS.get(entity["type"]):
            start, end = entity["offset"], entity["offset"] + entity["length"]
            opened[start] = f"{opened.get(start, '')}<{tag}>"
            closed[end] = f"</{tag}>{closed.get(end, '')}"
    cuts = sorted({0, *opened, *closed, len(units) // 2})
    parts = [
        closed.get(here, "") + opened.get(here, "") + escape(units[2 * here : 2 * there].decode("utf-16-le"))
        for here, there in zip(cuts, [*cuts[1:], cuts[-1]], strict=True)
    ]
    return "".join(parts)

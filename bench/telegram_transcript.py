"""A conversation on Telegram with the built-in model, over the wire, as people see it: what `docs/telegram.md` shows.

    python -m bench.telegram_transcript

Of each answer there is its first state, which is a preview in private chats, and its last one.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from bench._transcript import BUILT_IN, State, Transcript, wrapped
from core.config import Config, parse_config
from tests.support.clock import until
from tests.support.telegram_bot import running
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, FORUM, NAMES, SUPERGROUP, TOKEN, TOPIC, Ask

LONG = 30_000
"""Looks at an answer: the model has to be loaded first."""
ME = f"@{BOT_NAME}"


@dataclass
class Seen(TelegramServer):
    """Remembers every state of every message and preview of the bot, by chat."""

    states: dict[int, list[State]] = field(default_factory=lambda: defaultdict(list))

    async def _obey(self, ask: Ask) -> Any:
        result = await super()._obey(ask)
        if ask.method == "sendmessagedraft":
            draft = self.drafts[-1]
            self.states[draft.chat].append((*wrapped(draft.text), "(preview)"))
        elif isinstance(result, dict) and "message_id" in result:
            self.states[result["chat"]["id"]].append(self._state(result))
        return result

    def _state(self, message: dict[str, Any]) -> State:
        about = message.get("reply_to_message")
        reply = [f"↪ {about['from']['first_name']}: {about['text']}"] if about else []
        buttons = "  ".join(f"[{label}]" for label in self.buttons(message))
        return (*reply, *wrapped(message["text"]), *([buttons] if buttons else []))


class Play(Transcript):
    """What people do, and what they see of it."""

    def __init__(self, telegram: Seen) -> None:
        super().__init__()
        self.telegram = telegram

    async def say(self, person: int, text: str, chat: int | None = None, topic: int = 0) -> None:
        """To the bot alone, where no chat is named."""
        where = self._begin(person, text, chat)
        self.telegram.say(person, text, chat, topic=topic)
        await self._answered(where, "[Retry]")

    async def start(self, person: int) -> None:
        where = self._begin(person, "/start", None)
        self.telegram.say(person, "/start")
        await self._answered(where, "")

    async def press(self, person: int, label: str, chat: int) -> None:
        """A button under the newest answer, which changes."""
        where = self._begin(person, f"presses [{label}]", chat)
        shown = self.telegram.by_bot(chat)[-1]
        self.telegram.press(person, chat, shown["message_id"], self.telegram.buttons(shown)[label])
        await self._answered(where, "[Retry]")

    def _begin(self, person: int, text: str, chat: int | None) -> int:
        self.line(NAMES[person], text)
        self.telegram.states.clear()
        return person if chat is None else chat

    async def _answered(self, chat: int, ending: str) -> None:
        states = self.telegram.states
        await until(lambda: bool(states[chat]) and states[chat][-1][-1].startswith(ending), LONG)
        self.answer(states[chat])


def configured(telegram: TelegramServer, model: str, folder: Path) -> Config:
    text = f"""
store: sqlite:///{folder}/parlour.db
models: [{model}]
telegram: {{token: "{TOKEN}", api_url: "{telegram.api_url}"}}
"""
    return parse_config(text, {})


async def played(model: str) -> Play:
    """The whole of it, with *model*, an entry of the configuration's `models`."""
    async with Seen() as telegram:
        with tempfile.TemporaryDirectory() as folder:
            async with running(telegram, configured(telegram, model, Path(folder))):
                play = Play(telegram)
                play.scene("A private chat")
                await play.start(ADA)
                await play.say(ADA, "My name is Ada.")
                await play.say(ADA, "What is my name?")
                await play.press(ADA, "Retry", ADA)
                await play.press(ADA, "‹", ADA)
                play.scene("A group")
                await play.say(BOB, f"{ME} My name is Bob.", SUPERGROUP)
                await play.say(BOB, f"What colour is the sky, {ME}?", SUPERGROUP)
                play.scene("A topic of a forum")
                await play.say(ADA, f"{ME} What is a haiku?", FORUM, TOPIC)
    return play


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print("\n".join(asyncio.run(played(BUILT_IN)).lines))

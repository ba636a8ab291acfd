"""A conversation on Discord with the built-in model, over the wire, as people see it: what `docs/discord.md` shows.

    python -m bench.discord_transcript

Of each message there is its first state, if it changed, and its last one.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from bench._transcript import BUILT_IN, State, Transcript, wrapped
from core.config import Config, parse_config
from tests.support.clock import until
from tests.support.discord_bot import running
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOB, BOT, GENERAL, NAMES, QUIET, TOKEN

LONG = 30_000
"""Looks at an answer: the model has to be loaded first."""
ME = f"<@{BOT}>"


@dataclass
class Seen(DiscordServer):
    """Remembers every state of every message of the bot."""

    states: dict[str, list[State]] = field(default_factory=dict)

    def _written(self, kind: str, message: dict[str, Any], body: dict[str, Any]) -> None:
        super()._written(kind, message, body)
        buttons = "  ".join(f"[{label}]" for label in self.buttons(message))
        about = message.get("referenced_message")
        reply = [f"↪ {name_of(about['author']['id'])}: {about['content'].replace(ME, '@parlour')}"] if about else []
        lines = (*reply, *wrapped(message["content"]), *([buttons] if buttons else []))
        self.states.setdefault(message["id"], []).append(lines)


class Play(Transcript):
    """What people do, and what they see of it."""

    def __init__(self, discord: Seen) -> None:
        super().__init__()
        self.discord = discord

    async def say(self, person: str, text: str, channel: str) -> None:
        before = len(self.discord.by_bot(channel))
        self.line(name_of(person), text.replace(ME, "@parlour"))
        self.discord.say(person, text, channel)
        await self._answered(channel, before)

    async def say_in_thread(self, person: str, text: str, channel: str) -> str:
        """Where a question opens a thread; the thread's id."""
        self.line(name_of(person), text.replace(ME, "@parlour"))
        thread = self.discord.say(person, text, channel)
        await until(lambda: thread in self.discord.channels)
        self.scene(f"The thread “{self.discord.channels[thread]['name']}”")
        await self._answered(thread, 0)
        return thread

    async def ask(self, person: str, question: str, channel: str) -> None:
        before = len(self.discord.by_bot(channel))
        self.line(name_of(person), f"/ask question: {question}")
        self.discord.slash(person, "ask", channel, question=question)
        await self._answered(channel, before)

    async def press(self, person: str, label: str, channel: str) -> None:
        """A button under the newest answer, which changes."""
        before = len(self.discord.by_bot(channel)) - 1
        shown = self.discord.by_bot(channel)[before]
        self.line(name_of(person), f"presses [{label}]")
        self.discord.states[shown["id"]] = []
        self.discord.press(person, shown["id"], self.discord.buttons(shown)[label])
        await self._answered(channel, before)

    async def _answered(self, channel: str, index: int) -> None:
        """Shows what the bot's message number *index* there was first, and what it is at last."""

        def states() -> list[State]:
            shown = self.discord.by_bot(channel)[index:]
            return self.discord.states.get(shown[0]["id"], []) if shown else []

        await until(lambda: bool(states()) and "[Retry]" in states()[-1][-1], LONG)
        self.answer(states())


def name_of(person: str) -> str:
    return NAMES[person].capitalize()


def configured(discord: DiscordServer, model: str, folder: Path) -> Config:
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    text = f"""
store: sqlite:///{folder}/parlour.db
models: [{model}]
discord: {{token: "{TOKEN}", {urls}, channels: {{{QUIET}: {{scope: thread}}}}}}
"""
    return parse_config(text, {})


async def played(model: str) -> Play:
    """The whole of it, with *model*, an entry of the configuration's `models`."""
    async with Seen() as discord:
        with tempfile.TemporaryDirectory() as folder:
            async with running(discord, configured(discord, model, Path(folder))):
                play, direct = Play(discord), discord.direct(ADA)
                play.scene("A direct message")
                await play.say(ADA, "My name is Ada.", direct)
                await play.say(ADA, "What is my name?", direct)
                await play.press(ADA, "Retry", direct)
                await play.press(ADA, "‹", direct)
                play.scene("#general")
                await play.say(BOB, f"{ME} My name is Bob.", GENERAL)
                await play.ask(BOB, "What colour is the sky?", GENERAL)
                play.scene("#quiet, where a question opens a thread")
                thread = await play.say_in_thread(ADA, f"{ME} What is a haiku?", QUIET)
                await play.say(ADA, "Tell me about the moon.", thread)
    return play


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print("\n".join(asyncio.run(played(BUILT_IN)).lines))

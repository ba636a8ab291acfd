"""More people ask than the provider takes at once, on Telegram and on Discord: what all of them see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bots import wiring
from core.config import parse_config
from core.wording import Sentence, say
from tests.support.chat import held
from tests.support.clock import until
from tests.support.completions import KEY, CompletionsServer
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA as ADA_ON_DISCORD
from tests.support.discord_world import BOB as BOB_ON_DISCORD
from tests.support.discord_world import BOT, GENERAL
from tests.support.discord_world import TOKEN as DISCORD_TOKEN
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, GROUP
from tests.support.telegram_world import TOKEN as TELEGRAM_TOKEN

STOP = say(Sentence.BUTTON_STOP, "en")
ANSWER = "Hello there."
NUMBERS = {say(Sentence.WAITING, "en", place=place) for place in range(1, 10)}


def is_number(text: str | None) -> bool:
    return bool(text) and str(text).splitlines()[-1] in NUMBERS


@dataclass
class Town:
    """Both platforms and the model. release: lets the first answer end."""

    telegram: TelegramServer
    discord: DiscordServer
    model: CompletionsServer
    release: asyncio.Event

    async def occupy(self) -> None:
        """Somebody has the provider's only place."""
        self.model.plan(held("One moment", self.release, " please."))
        self.telegram.say(BOB, "Hello")
        await until(lambda: len(self.model.requests) == 1)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with TelegramServer() as telegram, DiscordServer() as discord, CompletionsServer() as model:
        text = f"""
store: sqlite:///{tmp_path}/parlour.db
providers: {{vendor: {{base_url: "{model.url}", api_key: {KEY}, at_once: 1}}}}
models: [{{id: gpt-5-mini, provider: vendor}}]
telegram: {{token: "{TELEGRAM_TOKEN}", api_url: "{telegram.api_url}"}}
discord: {{token: "{DISCORD_TOKEN}", api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"}}
"""
        async with _served(text, telegram, discord):
            here = Town(telegram, discord, model, asyncio.Event())
            await here.occupy()
            yield here
            assert telegram.refused == []
            assert not discord.refused


@asynccontextmanager
async def _served(text: str, telegram: TelegramServer, discord: DiscordServer) -> AsyncIterator[None]:
    lines: list[str] = []
    serving = asyncio.create_task(wiring.serve(parse_config(text, {}), ["telegram", "discord"], lines.append))
    try:
        await until(lambda: serving.done() or (telegram.connected and discord.gateway.connected))
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_on_telegram_a_number_is_a_preview_in_private_and_a_message_in_a_group(town: Town) -> None:
    telegram = town.telegram
    telegram.say(ADA, "Hello")
    telegram.say(ADA, f"@{BOT_NAME} hello", GROUP)
    await until(lambda: is_number(telegram.preview(ADA)) and all(map(is_number, telegram.shown(GROUP))))
    await until(lambda: bool(telegram.shown(GROUP)))
    assert STOP in telegram.buttons(telegram.by_bot(GROUP)[0])
    assert telegram.shown(ADA) == []
    town.release.set()
    await until(lambda: (telegram.shown(ADA), telegram.shown(GROUP)) == ([ANSWER], [ANSWER]))


async def test_on_telegram_a_number_stands_beneath_what_was_sent_inline(town: Town) -> None:
    telegram = town.telegram
    query = telegram.ask_inline(ADA, "A question")
    await until(lambda: query in telegram.answered)
    message = telegram.choose(ADA, query, "ask")
    await until(lambda: is_number(str(telegram.inline[message]["text"])))
    assert telegram.inline[message]["text"].startswith("A question")
    town.release.set()
    await until(lambda: telegram.inline[message]["text"].endswith(ANSWER))


async def test_on_discord_a_number_is_a_message_with_a_button_and_the_response_to_a_command(town: Town) -> None:
    discord = town.discord
    direct = discord.direct(BOB_ON_DISCORD)
    discord.say(ADA_ON_DISCORD, f"<@{BOT}> Hello")
    discord.slash(BOB_ON_DISCORD, "ask", direct, question="And me?")
    await until(lambda: [*map(is_number, discord.shown() + discord.shown(direct))] == [True, True])
    assert STOP in discord.buttons(discord.by_bot(GENERAL)[0])
    town.release.set()
    await until(lambda: discord.shown() == [ANSWER] and discord.shown(direct)[0].endswith(ANSWER))


async def test_the_button_ends_the_wait(town: Town) -> None:
    telegram = town.telegram
    telegram.say(ADA, f"@{BOT_NAME} hello", GROUP)
    await until(lambda: bool(telegram.shown(GROUP)))
    (message,) = telegram.by_bot(GROUP)
    telegram.press(ADA, GROUP, message["message_id"], telegram.buttons(message)[STOP])
    await until(lambda: telegram.shown(GROUP) == [say(Sentence.STOPPED, "en")])
    town.release.set()
    await until(lambda: telegram.shown(BOB) == ["One moment please."])
    assert len(town.model.requests) == 1

"""A refused answer, as each surface shows it: what was seen before is replaced, and no message ever held what was refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.config import Config, parse_config
from tests.support.clock import until
from tests.support.completions import KEY, CompletionsServer, Wire, ending, words
from tests.support.discord_bot import running as on_discord
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA as ADA_ON_DISCORD
from tests.support.discord_world import TOKEN as DISCORD_TOKEN
from tests.support.page import page
from tests.support.telegram_bot import running as on_telegram
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, GROUP, TOKEN
from tests.support.web import web

GOOD = "This is the first sentence of a story that goes on."
REFUSED = "I cannot give you this answer: it seems to be about violence."
MODERATION = "moderation: {provider: openai}"


class Storyteller:
    """A model that pauses before what will be refused, until the listener has seen what was said before."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()

    async def play(self, wire: Wire) -> None:
        await wire.begin_stream()
        for piece in words(f"{GOOD} And"):
            await wire.piece(piece)
        await self.heard.wait()
        for piece in [*words(" then came the murder, of which"), *words(" nobody speaks. "), *ending()]:
            await wire.piece(piece)
        await wire.end_stream()


def config(folder: Path, model: CompletionsServer, platform: str) -> Config:
    text = f"""
store: sqlite:///{folder}/parlour.db
providers: {{openai: {{base_url: "{model.url}", api_key: {KEY}}}}}
models: [{{id: gpt-5-mini, provider: openai}}]
{platform}
{MODERATION}
"""
    return parse_config(text, {})


async def test_on_telegram_the_message_becomes_the_sentence(tmp_path: Path) -> None:
    async with CompletionsServer() as model, TelegramServer(privacy=False) as telegram:
        group = f"chats: {{{GROUP}: {{always: true}}}}"
        platform = f'telegram: {{token: "{TOKEN}", api_url: "{telegram.api_url}", {group}}}'
        async with on_telegram(telegram, config(tmp_path, model, platform)):
            story = Storyteller()
            model.plan(story.play)
            telegram.say(ADA, "A story", GROUP)
            await until(lambda: telegram.shown(GROUP) == [GOOD])
            story.heard.set()
            await until(lambda: telegram.shown(GROUP) == [REFUSED])
            assert [text for *_, text in telegram.writes] == [GOOD, REFUSED]


async def test_on_discord_the_message_becomes_the_sentence(tmp_path: Path) -> None:
    async with CompletionsServer() as model, DiscordServer() as discord:
        urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
        async with on_discord(discord, config(tmp_path, model, f'discord: {{token: "{DISCORD_TOKEN}", {urls}}}')):
            story, channel = Storyteller(), discord.direct(ADA_ON_DISCORD)
            model.plan(story.play)
            discord.say(ADA_ON_DISCORD, "A story", channel)
            await until(lambda: discord.shown(channel) == [GOOD])
            story.heard.set()
            await until(lambda: discord.shown(channel) == [REFUSED])
            assert [text for *_, text in discord.writes] == [GOOD, REFUSED]


async def test_on_the_page_the_words_make_room_for_the_sentence(tmp_path: Path) -> None:
    async with (
        CompletionsServer() as model,
        web(tmp_path, model=model, more=MODERATION) as url,
        page(url) as ada,
    ):
        story = Storyteller()
        model.plan(story.play)
        turn = await ada.ask("A story")
        await until(lambda: ada.words.get(turn) == GOOD)
        story.heard.set()
        assert await ada.answered(turn) == REFUSED
        assert "murder" not in str(ada.heard)
        assert await ada.texts() == []

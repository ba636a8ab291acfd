"""A channel of the Discord that tests run against, with the bot there and its model behind the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.config import Config, parse_config
from tests.support.clock import until
from tests.support.completions import KEY, CompletionsServer
from tests.support.discord_bot import running
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT, GENERAL, TOKEN

ME = f"<@{BOT}>"


def config_for(discord: DiscordServer, model: CompletionsServer, folder: Path, more: str = "") -> Config:
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    text = f"""
store: sqlite:///{folder}/parlour.db
providers: {{openai: {{base_url: "{model.url}", api_key: "{KEY}"}}}}
models: [{{id: gpt-5-mini, provider: openai}}, {{id: gpt-5-nano, provider: openai}}]
answer: {{attempts: 1, max_tokens: 10}}
discord: {{token: "{TOKEN}", {urls}{", " + more if more else ""}}}
"""
    return parse_config(text, {})


class Scene:
    """One channel, and what people do in it. *channel*: where they write; the bot is mentioned in servers."""

    def __init__(self, discord: DiscordServer, model: CompletionsServer, channel: str = GENERAL) -> None:
        self.discord = discord
        self.model = model
        self.channel = channel

    @property
    def last(self) -> dict[str, Any]:
        return self.discord.by_bot(self.channel)[-1]

    @property
    def labels(self) -> list[str]:
        return list(self.discord.buttons(self.last))

    @property
    def disabled(self) -> list[str]:
        parts = [part for row in self.last["components"] for part in row["components"]]
        return [part["label"] for part in parts if part.get("disabled")]

    def shows(self, *texts: str) -> bool:
        """Whether the bot's messages read so and are whole."""
        return self.discord.shown(self.channel) == [*texts] and "Retry" in self.labels

    async def ask(self, text: str, *plays: Any, person: str = ADA) -> dict[str, Any]:
        """The message that shows the whole answer."""
        before = len(self.discord.by_bot(self.channel))
        self.model.plan(*plays)
        self.say(text, person)
        await until(lambda: len(self.discord.by_bot(self.channel)) > before and "Retry" in self.labels)
        return self.last

    def say(self, text: str, person: str = ADA) -> str:
        mention = f"{ME} " if "guild_id" in self.discord.channels[self.channel] else ""
        return self.discord.say(person, f"{mention}{text}", self.channel)

    def press(self, label: str, person: str = ADA, under: dict[str, Any] | None = None) -> str:
        shown = under or self.last
        return self.discord.press(person, shown["id"], self.discord.buttons(shown)[label])

    async def told(self, interaction: str) -> str:
        """What only the one who pressed sees; empty for a press that is obeyed."""
        await until(lambda: interaction in self.discord.callbacks)
        response = self.discord.callbacks[interaction]
        if response == {"type": 6}:
            return ""
        assert response["data"]["flags"] == 1 << 6
        return str(response["data"]["content"])

    def asked(self, number: int = -1) -> list[str]:
        """The prompt of a request to the model, without the persona."""
        return [message["content"] for message in self.model.bodies[number]["messages"][1:]]


@asynccontextmanager
async def arrived(discord: DiscordServer, config: Config) -> AsyncIterator[None]:
    """The bot, once it hears what people do: what they pressed before is lost, as on Discord."""
    async with running(discord, config) as lines:
        await until(lambda: bool(lines))
        yield


@asynccontextmanager
async def scene(folder: Path, more: str = "") -> AsyncIterator[Scene]:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord, CompletionsServer() as model:
        async with running(discord, config_for(discord, model, folder, more)):
            yield Scene(discord, model)
        assert not discord.refused

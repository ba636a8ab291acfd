"""The whole bot on Discord, in this process: what `run discord` starts, with a model that echoes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bots import wiring
from core.config import Config, parse_config
from tests.support.clock import until
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import TOKEN


def config_for(discord: DiscordServer, folder: Path, more: str = "", *, token: str = TOKEN, model: str = "") -> Config:
    """more: further settings of `discord`; model: of the echoing model, such as ``extra_body: {delay: 0.01}``."""
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    text = f"""
store: sqlite:///{folder}/parlour.db
models: [{{id: echo, provider: scripted{", " + model if model else ""}}}]
discord: {{token: "{token}", {urls}{", " + more if more else ""}}}
"""
    return parse_config(text, {})


@asynccontextmanager
async def bot_on(discord: DiscordServer, folder: Path, more: str = "", model: str = "") -> AsyncIterator[list[str]]:
    async with running(discord, config_for(discord, folder, more, model=model)) as lines:
        yield lines


@asynccontextmanager
async def running(discord: DiscordServer, config: Config) -> AsyncIterator[list[str]]:
    """What it announces to its operator. At the end of the block it is cancelled, as a killed process would stop."""
    lines: list[str] = []
    serving = asyncio.create_task(wiring.serve(config, ["discord"], lines.append), name="discord bot")
    try:
        await until(lambda: serving.done() or discord.gateway.connected)
        yield lines
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

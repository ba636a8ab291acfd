"""The whole bot on Telegram, in this process: what `run telegram` starts, with a model that echoes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bots import wiring
from core.config import Config, parse_config
from tests.support.clock import until
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import TOKEN


def config_for(
    telegram: TelegramServer, folder: Path, more: str = "", *, token: str = TOKEN, model: str = "", web: str = ""
) -> Config:
    """more: further settings of `telegram`; model: of the echoing model, such as ``extra_body: {delay: 0.01}``; web: those
    of the page."""
    text = f"""
store: sqlite:///{folder}/parlour.db
models: [{{id: echo, provider: scripted{", " + model if model else ""}}}]
telegram: {{token: "{token}", api_url: "{telegram.api_url}"{", " + more if more else ""}}}
web: {{{web}}}
"""
    return parse_config(text, {})


@asynccontextmanager
async def bot_on(telegram: TelegramServer, folder: Path, more: str = "", model: str = "") -> AsyncIterator[list[str]]:
    """What it announces to its operator. At the end of the block it is cancelled, as a killed process would stop."""
    async with running(telegram, config_for(telegram, folder, more, model=model)) as lines:
        yield lines


@asynccontextmanager
async def running(telegram: TelegramServer, config: Config, *others: str) -> AsyncIterator[list[str]]:
    """The bot with this *config*, as `bot_on` has it; with *others*, also on those platforms."""
    lines: list[str] = []
    serving = asyncio.create_task(wiring.serve(config, ["telegram", *others], lines.append), name="telegram bot")
    try:
        await until(lambda: serving.done() or telegram.connected)
        yield lines
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

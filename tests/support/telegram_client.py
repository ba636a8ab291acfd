"""The real library on the tests' Telegram, for tests of that Telegram itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from tests.support.telegram_flood import Limits
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import TOKEN

GENEROUS = Limits(overall=10_000, burst=10_000, group=10_000)


@asynccontextmanager
async def library(telegram: TelegramServer, token: str = TOKEN, read: float = 5.0) -> AsyncIterator[Bot]:
    request = HTTPXRequest(read_timeout=read, connection_pool_size=8)
    base, files = f"{telegram.api_url}/bot", f"{telegram.api_url}/file/bot"
    async with Bot(token, base, files, request=request, get_updates_request=HTTPXRequest(read_timeout=read)) as bot:
        yield bot


@asynccontextmanager
async def pair(**settings: Any) -> AsyncIterator[tuple[TelegramServer, Bot]]:
    """The server, without flood limits unless they are given, and the library on it."""
    async with TelegramServer(**{"limits": GENEROUS, **settings}) as telegram, library(telegram) as bot:
        yield telegram, bot


async def refusal(deed: Awaitable[object]) -> str:
    """The words with which Telegram refuses *deed*."""
    with pytest.raises(TelegramError) as caught:
        await deed
    return str(caught.value)


async def described(telegram: TelegramServer, method: str, **fields: object) -> str:
    """What Telegram says to a request that the library would not make."""
    url = f"{telegram.api_url}/bot{TOKEN}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, json=fields) as response:
        return str((await response.json()).get("description", ""))

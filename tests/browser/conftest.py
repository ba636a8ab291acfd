"""A browser, a server and a tab for whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.support.browser import Tab, chromium, open_tab, visitor
from tests.support.chat import Chat
from tests.support.completions import CompletionsServer
from tests.support.web import web


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """A server whose model echoes."""
    async with web(tmp_path) as served:
        yield served


@pytest.fixture
async def tab(browser: Browser, url: str) -> AsyncIterator[Tab]:
    """The page in a browser that is new here; at the end nothing that must not happen has happened."""
    async with visitor(browser) as context:
        opened = await open_tab(context, url)
        yield opened
        assert opened.is_clean(), opened.complaints + opened.strangers + opened.dialogs


@pytest.fixture
async def model() -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer() as server:
        yield server


@pytest.fixture
async def slow(browser: Browser, model: CompletionsServer, tmp_path: Path) -> AsyncIterator[Chat]:
    """A chat whose answers the test writes."""
    async with web(tmp_path, model=model) as url, visitor(browser) as context:
        opened = await open_tab(context, url)
        yield Chat(opened)
        assert opened.is_clean(), opened.complaints + opened.strangers + opened.dialogs

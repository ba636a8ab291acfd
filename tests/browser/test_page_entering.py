"""Coming in with a token, in a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from core.config import parse_config
from tests.support.browser import Tab, accessibility, open_tab, visitor
from tests.support.chat import Chat
from tests.support.servers import free_port
from tests.support.web import serving, settings

TOKEN = "open-sesame-0123456789"


@pytest.fixture
async def tab(browser: Browser, tmp_path: Path) -> AsyncIterator[Tab]:
    port = free_port()
    config = settings(tmp_path, port).replace(f"web: {{port: {port}}}", f"web: {{port: {port}, token: {TOKEN}}}")
    async with serving(parse_config(config, {})) as url, visitor(browser) as context:
        opened = await open_tab(context, url)
        yield opened
        assert opened.is_clean(), opened.complaints


async def test_the_token_opens_the_page(tab: Tab) -> None:
    assert not await accessibility(tab)
    await tab.page.get_by_label("token").fill("a guess")
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.get_by_role("alert")).to_be_visible()
    assert not await accessibility(tab)
    await tab.page.get_by_label("token").fill(TOKEN)
    await tab.page.keyboard.press("Enter")
    chat = Chat(tab)
    await expect(chat.box).to_be_focused()
    await chat.ask("Hello", "You said: Hello")

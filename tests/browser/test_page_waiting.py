"""The page in a real Chromium where more people ask than the provider takes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from core.wording import Sentence, say
from tests.support.browser import open_tab, visitor
from tests.support.chat import Chat, held
from tests.support.completions import CompletionsServer
from tests.support.web import web


def number(place: int, language: str = "en") -> str:
    return say(Sentence.WAITING, language, place=place)


@pytest.fixture
async def chats(browser: Browser, model: CompletionsServer, tmp_path: Path) -> AsyncIterator[list[Chat]]:
    """Three people, the last one with a Chinese browser, and a model that answers one at once."""
    async with web(tmp_path, model=model, at_once=1) as url, AsyncExitStack() as stack:
        opened = []
        for locale in ("en-GB", "en-GB", "zh-CN"):
            context = await stack.enter_async_context(visitor(browser, locale=locale))
            opened.append(Chat(await open_tab(context, url)))
        yield opened
        assert all(chat.tab.is_clean() for chat in opened), [chat.tab.complaints for chat in opened]


async def test_who_waits_sees_and_hears_which_number_they_are(chats: list[Chat], model: CompletionsServer) -> None:
    first, second, third = chats
    release = asyncio.Event()
    model.plan(held("The first", release, " is done."))
    await first.send("Hello")
    await first.begun("The first")
    await second.send("Hello")
    await expect(second.answers.last).to_contain_text(number(1))
    await expect(second.page.get_by_role("status").first).to_have_text(number(1))
    await third.page.locator("textarea").first.fill("你好")
    await third.page.keyboard.press("Enter")
    await expect(third.answers.last).to_contain_text(number(2, "zh"))
    await second.page.reload()
    await expect(second.answers.last).to_contain_text(number(1))
    await second.button("Stop").click()
    await expect(second.page.get_by_text("Stopped.")).to_be_visible()
    await expect(third.answers.last).to_contain_text(number(1, "zh"))
    release.set()
    await first.shows("The first is done.")
    await expect(third.answers.last.locator(".markdown")).to_have_text("Hello there.")
    await expect(third.answers.last).not_to_contain_text(number(1, "zh"))

"""What the reader can have done with everything that is kept about them, by mouse and by keyboard."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.support.browser import accessibility, open_tab, visitor
from tests.support.chat import Chat
from tests.support.web import web

MENU = "Your data"


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with web(tmp_path) as url:
        yield url


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    async with visitor(browser) as context:
        yield context


async def begun(context: BrowserContext, url: str) -> Chat:
    """Somebody who has asked something."""
    chat = Chat(await open_tab(context, url))
    await chat.ask("Hello", "You said: Hello")
    return chat


async def test_everything_about_the_reader_is_saved_as_a_file(
    context: BrowserContext, url: str, tmp_path: Path
) -> None:
    chat = await begun(context, url)
    await chat.button(MENU).click()
    async with chat.page.expect_download() as downloading:
        await chat.page.get_by_role("menuitem", name="Save everything about me").click()
    download = await downloading.value
    assert download.suggested_filename.startswith("web-")
    await download.save_as(tmp_path / "me.json")
    assert json.loads((tmp_path / "me.json").read_text())["format"] == "parlour-person"
    assert chat.tab.is_clean(), chat.tab.complaints


async def test_who_has_everything_deleted_begins_anew_in_every_tab(context: BrowserContext, url: str) -> None:
    chat = await begun(context, url)
    other = Chat(await open_tab(context, url))
    await expect(other.side.get_by_role("link")).to_have_count(1)
    await other.box.fill("a draft of mine")
    before = {cookie["name"]: cookie["value"] for cookie in await context.cookies()}
    await chat.button(MENU).click()
    await chat.page.get_by_role("menuitem", name="Delete everything about me").click()
    assert await accessibility(chat.tab) == []
    await chat.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for tab in (chat, other):
        await expect(tab.side).to_contain_text("Your conversations will be here.")
        await expect(tab.box).to_have_value("")
    after = {cookie["name"]: cookie["value"] for cookie in await context.cookies()}
    assert set(before.values()).isdisjoint(after.values())
    assert "draft" not in await chat.page.evaluate("JSON.stringify(localStorage)")
    await chat.ask("Hello again", "You said: Hello again")
    assert chat.tab.is_clean(), chat.tab.complaints


async def test_by_keyboard_nothing_is_deleted_until_that_is_said(context: BrowserContext, url: str) -> None:
    chat = await begun(context, url)
    await chat.button(MENU).focus()
    for key in ("Enter", "ArrowDown", "Enter"):
        await chat.page.keyboard.press(key)
    await expect(chat.page.get_by_role("dialog")).to_contain_text("Delete everything about you?")
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("dialog")).to_have_count(0)
    await expect(chat.side.get_by_role("link")).to_have_count(1)
    await chat.button(MENU).focus()
    for key in ("Enter", "ArrowDown", "Enter", "Tab", "Enter"):
        await chat.page.keyboard.press(key)
    await expect(chat.side.get_by_role("link")).to_have_count(0)


async def test_it_can_be_typed_and_speaks_chinese(browser: Browser, url: str) -> None:
    async with visitor(browser, locale="zh-CN") as context:
        page = (await open_tab(context, url)).page
        box = page.get_by_role("textbox", name="消息", exact=True)
        await box.fill("你好")
        await box.press("Enter")
        side = page.get_by_role("navigation", name="对话")
        await expect(side.get_by_role("link")).to_have_count(1)
        await page.get_by_role("button", name="您的数据").click()
        await expect(page.get_by_role("menuitem", name="删除与我有关的全部内容")).to_be_visible()
        await page.keyboard.press("Escape")
        await box.fill("/forget me")
        await box.press("Enter")
        await expect(side.get_by_role("link")).to_have_count(0)

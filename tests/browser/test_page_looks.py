"""How the page is for everybody: axe in each of its states, a phone, the dark, Chinese, the other direction, its weight."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import accessibility, open_tab, visitor
from tests.support.chat import Chat, held
from tests.support.completions import USAGE, CompletionsServer, answer
from tests.support.sentences import speak_polish
from tests.support.web import web

RICH = """# A heading

Words with `code`, **weight** and [a link](https://example.org).

| Left | Right |
|:-----|------:|
| one  | 1     |

```python
def greet(name: str) -> str:
    # a comment
    return f"Hello {name}" + str(1)
```

$$\\int_0^1 x^2\\,dx = \\frac13$$

- [x] done
- [ ] not yet

> A quotation.
"""
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True},
    "Chinese": {"locale": "zh-CN"},
}
FIRST_LOAD = 150_000
"""Bytes on the wire, headers included."""


@pytest.fixture
async def model() -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer() as server:
        yield server


@pytest.fixture
async def url(model: CompletionsServer, tmp_path: Path) -> AsyncIterator[str]:
    async with web(tmp_path, model=model) as served:
        yield served


@pytest.fixture(params=LOOKS)
async def chat(request: pytest.FixtureRequest, browser: Browser, url: str) -> AsyncIterator[Chat]:
    """A chat in each of the looks."""
    async with visitor(browser, **LOOKS[request.param]) as context:
        opened = Chat(await open_tab(context, url))
        yield opened
        assert opened.tab.is_clean(), opened.tab.complaints


async def write(chat: Chat, text: str) -> None:
    """Whatever the box is called in the reader's language."""
    await chat.page.locator("#text").fill(text)
    await chat.page.locator("#send").click()


async def test_axe_finds_nothing_before_and_after_a_rich_answer(chat: Chat, model: CompletionsServer) -> None:
    await expect(chat.page.locator("#welcome")).to_be_visible()
    assert not await accessibility(chat.tab)
    model.plan(answer(RICH))
    await write(chat, "Show me everything")
    await expect(chat.answers.last).to_have_attribute("data-state", "done")
    await expect(chat.answers.locator(".katex-html")).to_have_count(1)
    await expect(chat.answers.locator(".code-comment")).to_have_count(1)
    assert not await accessibility(chat.tab)


async def test_axe_finds_nothing_while_an_answer_grows_and_where_there_is_none(
    chat: Chat, model: CompletionsServer
) -> None:
    release = asyncio.Event()
    model.plan(held("The beginning", release))
    await write(chat, "Tell me")
    await chat.begun("The beginning")
    assert not await accessibility(chat.tab)
    release.set()
    await expect(chat.answers.last).to_have_attribute("data-state", "done")
    model.key = "another"
    await write(chat, "And now?")
    await expect(chat.page.locator("article[data-role=problem]")).to_be_visible()
    assert not await accessibility(chat.tab)


async def test_axe_finds_nothing_in_panel_menu_and_dialog(chat: Chat) -> None:
    await write(chat, "Hello")
    await expect(chat.answers.last).to_have_attribute("data-state", "done")
    await chat.page.locator("#panel-open").click()
    await expect(chat.page.locator("#panel table")).to_be_visible()
    assert not await accessibility(chat.tab)
    await chat.page.keyboard.press("Escape")
    await chat.page.keyboard.press("ControlOrMeta+Slash")
    await expect(chat.page.get_by_role("dialog")).to_be_visible()
    assert not await accessibility(chat.tab)


async def test_nothing_is_wider_than_a_phone(browser: Browser, url: str, model: CompletionsServer) -> None:
    model.plan(answer(RICH + "x" * 400))
    async with visitor(browser, **LOOKS["phone"]) as context:
        chat = Chat(await open_tab(context, url))
        await write(chat, "w" * 200)
        await expect(chat.answers.locator(".katex-html")).to_have_count(1)
        assert await chat.page.evaluate("document.documentElement.scrollWidth") == 360
        await chat.button("Show the side bar").click()
        await expect(chat.side.get_by_role("link")).to_be_in_viewport()
        await chat.side.get_by_role("link").click()
        await expect(chat.box).to_be_in_viewport()


async def test_a_conversation_fills_a_phone_however_short_its_words(browser: Browser, url: str) -> None:
    async with visitor(browser, **LOOKS["phone"], **LOOKS["Chinese"]) as context:
        chat = Chat(await open_tab(context, url))
        assert await chat.page.locator("#main").evaluate("main => main.offsetWidth") == 360


async def test_the_page_speaks_the_browser_s_language_or_the_chosen_one(browser: Browser, url: str) -> None:
    async with visitor(browser, locale="zh-CN") as context:
        chat = Chat(await open_tab(context, url))
        await expect(chat.page.locator("html")).to_have_attribute("lang", "zh")
        await expect(chat.page.get_by_role("textbox", name="消息")).to_be_visible()
        await chat.page.get_by_role("combobox", name="语言").select_option("en")
        await expect(chat.box).to_be_visible()


async def test_the_page_knows_the_forms_of_a_language_with_three(
    browser: Browser, model: CompletionsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak_polish(monkeypatch)
    said = {1: "1 token", 3: "3 tokeny", 12: "12 tokenów", 22: "22 tokeny"}
    model.plan(*(answer("Tak.", usage={**USAGE, "completion_tokens": written}) for written in said))
    async with web(tmp_path, model=model) as url, visitor(browser, locale="pl-PL") as context:
        chat = Chat(await open_tab(context, url))
        await expect(chat.page.locator("html")).to_have_attribute("lang", "pl")
        for told in said.values():
            await chat.ask("Czy tak?", "Tak.")
            await expect(chat.answers.last).to_contain_text(re.compile(rf"· {told}( |$)"))


async def test_dark_is_as_the_system_says_or_as_was_chosen(browser: Browser, url: str) -> None:
    async with visitor(browser, color_scheme="dark") as context:
        chat = Chat(await open_tab(context, url))
        body = chat.page.locator("body")
        dark = await body.evaluate("body => getComputedStyle(body).backgroundColor")
        await chat.page.get_by_role("radio", name="Light").check(force=True)
        await expect(body).not_to_have_css("background-color", dark)
        await chat.page.reload()
        await expect(body).not_to_have_css("background-color", dark)


async def test_text_from_right_to_left_runs_so(browser: Browser, url: str, model: CompletionsServer) -> None:
    model.plan(answer("مرحبا بالعالم"))
    async with visitor(browser) as context:
        chat = Chat(await open_tab(context, url))
        await chat.ask("שלום", "مرحبا بالعالم")
        for words in (chat.questions.locator("[dir=auto]"), chat.answers.locator("p[dir=auto]")):
            assert await words.first.evaluate("element => getComputedStyle(element).direction") == "rtl"


async def test_lists_and_tables_from_right_to_left_run_so_as_a_whole(
    browser: Browser, url: str, model: CompletionsServer
) -> None:
    model.plan(answer("- عنصر\n- عنصر آخر\n\n| اسم | قيمة |\n|---|---|\n| واحد | 1 |\n"))
    async with visitor(browser) as context:
        chat = Chat(await open_tab(context, url))
        await write(chat, "Hello")
        await expect(chat.answers.last).to_have_attribute("data-state", "done")
        for part in ("ul", "li >> nth=1", "table", "td >> nth=1"):
            assert await chat.answers.locator(part).evaluate("element => getComputedStyle(element).direction") == "rtl"


async def test_the_first_load_is_light(browser: Browser, url: str) -> None:
    sizes: list[int] = []
    async with visitor(browser) as context:
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
        await page.goto(url)
        await expect(page.locator("#welcome")).to_be_visible()
        await expect(page.get_by_role("combobox", name="Model")).to_be_visible()
    assert 20_000 < sum(sizes) < FIRST_LOAD


async def test_what_draws_code_and_maths_comes_when_there_is_some(
    browser: Browser, url: str, model: CompletionsServer
) -> None:
    model.plan(answer("Only words."), answer("Then `$x^2$` as code, and $x^2$."))
    async with visitor(browser) as context:
        chat = Chat(await open_tab(context, url))
        fetched: list[str] = []
        chat.page.on("request", lambda request: fetched.append(request.url))
        await chat.ask("Hello", "Only words.")
        assert not [address for address in fetched if "/vendor/" in address]
        await chat.send("And maths?")
        await expect(chat.answers.locator(".katex-html")).to_have_count(1)
        assert [address for address in fetched if address.endswith("/vendor/katex/katex.js")]
        assert not [address for address in fetched if address.endswith("/vendor/highlight.js")]

"""What models, askers, titles and names may try: no script runs, nothing is fetched from another host, the policy of the
page has nothing to refuse."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from playwright.async_api import Browser, expect

from core.config import Config, parse_config
from core.errors import ConfigError
from tests.support.browser import Tab, open_tab, visitor
from tests.support.chat import Chat
from tests.support.clock import until
from tests.support.completions import CompletionsServer, answer
from tests.support.markdown import drawing
from tests.support.servers import free_port
from tests.support.web import serving, settings, web

PAYLOADS: list[str] = json.loads((Path(__file__).parent / "injections.json").read_text())
TRAP = "window.hack = () => console.error('a script ran');"
"""Installed before the page: what the payloads call."""
LIVING = """() => [...document.querySelectorAll('*')].flatMap((element) => [
    ...(element.matches('iframe, object, embed, base, style, meta[http-equiv], form[action], main img, main svg a') ? [element.outerHTML] : []),
    ...[...element.attributes].filter(({ name }) => name.startsWith('on')).map(() => element.outerHTML),
    ...(element.matches('a[href]') && !/^(?:https?|mailto):/.test(element.href) ? [element.outerHTML] : []),
    ...(element.matches('script:not([src]):not([type="application/json"])') ? [element.outerHTML] : []),
])"""
"""Elements that could do something."""
REFUSED = "page.policy_broken"
"""What the server's log says of a report of the browser."""


async def call(tab: Tab, method: str, path: str, body: Any) -> int:
    """One request of the page's own to /api; its status."""
    return int(
        await tab.page.evaluate(
            """async ([method, path, body]) => (await fetch(`/api/conversations/${path}`, {
                method, headers: { "X-Parlour": "1", "Content-Type": "application/json" }, body: JSON.stringify(body),
            })).status""",
            [method, path, body],
        )
    )


async def begun(tab: Tab, question: str, number: int) -> None:
    """The conversation of that number begins with *question*."""
    assert await call(tab, "POST", f"room-{number:06}/messages", {"id": f"turn-{number:06}", "text": question}) == 202


async def is_harmless(tab: Tab) -> None:
    assert await tab.page.evaluate(LIVING) == []
    assert tab.is_clean(), tab.complaints + tab.strangers + tab.dialogs


@pytest.fixture
async def model() -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer() as server:
        yield server


@pytest.fixture
async def tab(
    browser: Browser, model: CompletionsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Tab]:
    async with web(tmp_path, model=model) as url, visitor(browser) as context:
        await context.add_init_script(TRAP)
        opened = await open_tab(context, url)
        yield opened
        await is_harmless(opened)
    assert REFUSED not in capsys.readouterr().out


async def test_the_trap_snaps(
    browser: Browser, model: CompletionsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the other tests never see is noticed, here and at the server."""
    async with web(tmp_path, model=model) as url, visitor(browser) as context:
        await context.add_init_script(TRAP)
        opened = await open_tab(context, url)
        await opened.page.evaluate("""() => {
            window.hack();
            document.body.append(Object.assign(document.createElement("img"), { src: "https://stranger.example/x" }));
        }""")
        await until(lambda: REFUSED in capsys.readouterr().out)
        assert [complaint for complaint in opened.complaints if "a script ran" in complaint]
        assert [complaint for complaint in opened.complaints if "img-src" in complaint]


async def test_questions_and_answers(tab: Tab, model: CompletionsServer) -> None:
    """Where they grow, and read anew."""
    model.plan(*(answer(payload) for payload in PAYLOADS))
    await begun(tab, PAYLOADS[0], 0)
    await tab.page.goto(f"{tab.home}/c/room-000000")
    for number, payload in enumerate(PAYLOADS[1:], 1):
        await call(tab, "POST", "room-000000/messages", {"id": f"turn-{number:06}", "text": payload})
    answers = Chat(tab).answers
    await expect(answers).to_have_count(len(PAYLOADS), timeout=120_000)
    await expect(answers.last).to_have_attribute("data-state", "done")
    await is_harmless(tab)
    await tab.page.reload()
    await expect(answers).to_have_count(len(PAYLOADS))


async def test_answers_at_every_moment_of_their_growing(tab: Tab) -> None:
    place = await drawing(tab)
    for payload in PAYLOADS:
        await place.prefixes(payload[:80])
        await place.draw(payload)
        assert await tab.page.evaluate(LIVING) == [], payload


async def test_titles_in_the_side_bar_the_dialogs_and_the_search(tab: Tab) -> None:
    chat = Chat(tab)
    for number, payload in enumerate(PAYLOADS):
        await begun(tab, payload, number)
        await call(tab, "PATCH", f"room-{number:06}", {"title": payload})
    await tab.page.reload()
    links = chat.side.get_by_role("link")
    await expect(links).to_have_count(len(PAYLOADS))
    for item in ("Rename", "Delete"):
        await chat.side.get_by_role("button").first.click()
        await tab.page.get_by_role("menuitem", name=item).click()
        await expect(tab.page.get_by_role("dialog")).to_be_visible()
        await is_harmless(tab)
        await tab.page.keyboard.press("Escape")
    for number in range(0, len(PAYLOADS), 10):
        await links.nth(number).click()
        await expect(links.nth(number)).to_have_attribute("aria-current", "page")
    await tab.page.get_by_role("searchbox").fill("<script>hack()")
    await expect(links.first).to_contain_text("script")


async def test_names_of_models_and_personas(browser: Browser, tmp_path: Path) -> None:
    names = [payload for payload in PAYLOADS if accepted(tmp_path, [payload])]
    assert len(names) > 20
    async with serving(named(tmp_path, names)) as url, visitor(browser) as context:
        await context.add_init_script(TRAP)
        opened = await open_tab(context, url)
        chat = Chat(opened)
        pickers = [opened.page.get_by_role("combobox", name=name) for name in ("Model", "Persona")]
        for picker in pickers:
            await expect(picker.get_by_role("option")).to_have_count(len(names))
        for index in (0, len(names) - 1):
            for picker in pickers:
                await picker.select_option(index=index)
            await chat.ask("Hello", "You said: Hello")
        await chat.send("/model")
        await expect(opened.page.get_by_role("article", name="Note")).to_contain_text(names[0])
        await chat.button("Context").click()
        await expect(opened.page.get_by_role("table")).to_be_visible()
        await is_harmless(opened)


async def test_exported_files_are_saved_and_not_shown(tab: Tab, model: CompletionsServer) -> None:
    model.plan(answer("<script>hack()</script>"))
    chat = Chat(tab)
    await chat.ask("<img src=x onerror=hack()>", "<script>hack()</script>")
    room = (await chat.path()).rpartition("/")[2]
    for form in ("markdown", "json"):
        response = await tab.page.request.get(f"{tab.home}/api/conversations/{room}/export?format={form}")
        assert response.headers["content-disposition"].startswith("attachment;")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "html" not in response.headers["content-type"]
        assert "onerror=hack()" in await response.text()


@pytest.mark.parametrize(
    "place", ["/c/{}", "/?{}", "/login?next={}", "/login?error={}", "/api/conversations/{}", "/{}"]
)
async def test_addresses(tab: Tab, place: str) -> None:
    for payload in PAYLOADS[::3]:
        response = await tab.page.request.get(tab.home + place.format(quote(payload[:100], safe="")))
        assert "hack()" not in await response.text() or "json" in response.headers["content-type"]
    await tab.page.goto(tab.home + place.format(quote(PAYLOADS[0], safe="")))


def named(folder: Path, names: Sequence[str]) -> Config:
    """Models and personas of these names."""
    loaded = yaml.safe_load(settings(folder, free_port()))
    models = [{"id": name, "provider": "scripted"} for name in names]
    personas = [{"name": name, "prompt": "Be helpful."} for name in names]
    return parse_config(yaml.safe_dump({**loaded, "models": models, "personas": personas}), {})


def accepted(folder: Path, names: Sequence[str]) -> bool:
    """Whether a configuration may have these names at all."""
    try:
        return bool(named(folder, names))
    except ConfigError:
        return False

"""Takes the pictures that the documents show, into `docs/images/`: the page in a Chromium, with a model that
says what stands in `bench/pictures.yaml`; the terminal, Discord and Telegram as conversations with the built-in model,
drawn from what the terminal and the tests' servers were sent; the dashboard as a Prometheus fills it.

    make pictures                               all of them
    python -m bench._pictures web telegram      some
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
import yaml
from playwright.async_api import Browser, Page

from bench import discord_transcript, telegram_transcript
from bench._chats import on_discord, on_telegram
from bench._dashboard import draw_dashboard
from bench._drawing import draw, of_chat, of_terminal, photograph
from bench._screen import terminal
from bench._transcript import BUILT_IN
from tests.support.browser import chromium, open_tab, visitor
from tests.support.completions import CompletionsServer, answer, stall, words
from tests.support.discord_world import GENERAL
from tests.support.telegram_world import ADA
from tests.support.tree import ROOT
from tests.support.web import web

TALKS: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "bench/pictures.yaml").read_text())
IMAGES = ROOT / "docs/images"
USED = {
    "prompt_tokens": 412,
    "completion_tokens": 231,
    "total_tokens": 643,
    "prompt_tokens_details": {"cached_tokens": 256},
}
CONVERSATION = (
    ("My name is Ada.", "Nice to meet you"),
    ("What is my name?", "Your name is"),
    ("/context", "tokens used"),
)
"""The one in README.md: what is said, and by what its answer is known."""
DESK = {"viewport": {"width": 1200, "height": 880}, "device_scale_factor": 1.5}
PHONE = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}


@dataclass(frozen=True)
class Picture:
    """looks: as Playwright's `new_context` takes them. panel: with the context panel. is_growing: taken in the middle."""

    name: str
    looks: dict[str, Any]
    language: str = "en"
    panel: bool = False
    is_growing: bool = False
    talk: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "talk", TALKS[self.language])


PICTURES = (
    Picture("web-light", {**DESK, "color_scheme": "light"}),
    Picture("web-dark", {**DESK, "color_scheme": "dark"}, panel=True),
    Picture("web-phone", {**PHONE, "color_scheme": "light"}, is_growing=True),
    Picture("web-chinese", {**DESK, "color_scheme": "light", "locale": "zh-CN"}, language="zh"),
)


async def take(browser: Browser, picture: Picture) -> None:
    with TemporaryDirectory() as folder:
        async with (
            CompletionsServer() as model,
            web(Path(folder), model=model) as url,
            visitor(browser, **picture.looks) as context,
        ):
            page = (await open_tab(context, url)).page
            await talk(page, url, model, picture)
            await save(page, picture)


async def talk(page: Page, url: str, model: CompletionsServer, picture: Picture) -> None:
    for question in picture.talk["earlier"]:
        await ask(page, question, "done")
        await page.goto(url)
    said = picture.talk["answer"]
    model.plan(stall(*words(said[: len(said) * 2 // 5])) if picture.is_growing else answer(said, usage=USED))
    await ask(page, picture.talk["question"], "growing" if picture.is_growing else "done")
    if picture.panel:
        await page.locator("#panel-open").click()
        await page.locator("#panel .bar").wait_for()
    await page.mouse.move(0, 0)
    await page.locator("#scroll").evaluate("area => { area.scrollTop = 0; }")
    await page.evaluate("document.activeElement.blur()")
    for drawn in (".katex", *([] if picture.is_growing else [".code-keyword >> text=return"])):
        await page.locator(drawn).first.wait_for()
    await page.evaluate("document.fonts.ready.then(() => true)")


async def ask(page: Page, question: str, state: str) -> None:
    await page.locator("#text").fill(question)
    await page.locator("#send").click()
    await page.locator(f"article[data-role=assistant][data-state={state}]").wait_for()


async def save(page: Page, picture: Picture) -> None:
    size = await photograph(
        page, IMAGES / f"{picture.name}.webp", picture.looks["viewport"], picture.looks["device_scale_factor"]
    )
    print(f"docs/images/{picture.name}.webp: {size // 1000} kB")


async def the_page(browser: Browser) -> None:
    for picture in PICTURES:
        await take(browser, picture)


async def the_terminal(browser: Browser) -> None:
    with TemporaryDirectory() as folder:
        alone = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        async with terminal(f"{sys.executable} -m bots chat", Path(folder), alone) as window:
            for said, seen in CONVERSATION:
                await window.prompts()
                window.type(f"{said}\r")
                await window.shows(seen)
            await window.prompts()
            await draw(browser, IMAGES / "terminal.webp", of_terminal(window.screen))


async def discord(browser: Browser) -> None:
    play = await discord_transcript.played(BUILT_IN)
    drawn = of_chat("# general", on_discord(play.discord, GENERAL))
    await draw(browser, IMAGES / "discord.webp", drawn)


async def telegram(browser: Browser) -> None:
    play = await telegram_transcript.played(BUILT_IN)
    drawn = of_chat("Parlour", on_telegram(play.telegram, ADA), bubbles=True)
    await draw(browser, IMAGES / "telegram.webp", drawn)


async def dashboard(_browser: Browser) -> None:
    await draw_dashboard(IMAGES / "dashboard.webp")


PLACES = {
    "web": the_page,
    "terminal": the_terminal,
    "discord": discord,
    "telegram": telegram,
    "dashboard": dashboard,
}


async def main(names: Sequence[str]) -> None:
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with chromium() as browser:
        for name in names or PLACES:
            await PLACES[name](browser)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

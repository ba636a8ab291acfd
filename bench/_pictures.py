"""Takes the pictures of the web page that README.md and docs/web.md show: light, dark, phone, Chinese.

    make pictures

starts the server with a model that says what stands in `bench/pictures.yaml`, and a Chromium that looks at it. The
pictures are written to `docs/images/`.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
import yaml
from playwright.async_api import Browser, Page

from tests.support.browser import chromium, open_tab, visitor
from tests.support.completions import CompletionsServer, answer, stall, words
from tests.support.tree import ROOT
from tests.support.web import web

TALKS: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "bench/pictures.yaml").read_text())
IMAGES = ROOT / "docs/images"
QUALITY = 82
"""Of WebP, 0 to 100."""
USED = {
    "prompt_tokens": 412,
    "completion_tokens": 231,
    "total_tokens": 643,
    "prompt_tokens_details": {"cached_tokens": 256},
}
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
    for drawn in (".katex", *([] if picture.is_growing else [".code-keyword"])):
        await page.locator(drawn).first.wait_for()
    await page.evaluate("document.fonts.ready.then(() => true)")


async def ask(page: Page, question: str, state: str) -> None:
    await page.locator("#text").fill(question)
    await page.locator("#send").click()
    await page.locator(f"article[data-role=assistant][data-state={state}]").wait_for()


async def save(page: Page, picture: Picture) -> None:
    """As WebP, which Playwright itself does not write."""
    session = await page.context.new_cdp_session(page)
    clip = {"x": 0, "y": 0, **picture.looks["viewport"], "scale": picture.looks["device_scale_factor"]}
    shot = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip})
    data, file = base64.b64decode(shot["data"]), IMAGES / f"{picture.name}.webp"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    print(f"{file.relative_to(ROOT)}: {len(data) // 1000} kB")


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with chromium() as browser:
        for picture in PICTURES:
            await take(browser, picture)


if __name__ == "__main__":
    asyncio.run(main())

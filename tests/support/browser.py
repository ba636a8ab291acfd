"""A real Chromium, and a page in it that notices what must never happen."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from shutil import which
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it comes without types
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    async_playwright,
    expect,
)

from tests.support.tree import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""As `requirements/browser.sh` looks for it."""
PATIENCE = 30_000.0
"""Milliseconds that anything in the page may take on a busy machine."""
NETWORK = "Failed to load resource"
"""What browsers say of refusals and lost connections; those of files are noticed by themselves."""
CSP_WATCH = """
addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI, sample}) =>
  console.error(`refused by CSP: ${violatedDirective} ${blockedURI} ${sample}`));
"""

expect.set_options(timeout=PATIENCE)


def executable() -> str:
    """The browser's program. Skips the test where there is none."""
    ours = ROOT / ".venv" / "bin" / "chromium"
    found = next(
        filter(None, (which(name) for name in (os.environ.get("CHROMIUM", ""), str(ours), *NAMES) if name)), None
    )
    return found or pytest.skip("there is no Chromium: requirements/browser.sh installs one")


@dataclass
class Tab:
    """page: Playwright's. complaints: scripts that failed, what CSP refused. strangers: requests to another host."""

    page: Page
    home: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{error}\n{error.stack}"))
        self.page.on("request", self._on_request)
        self.page.on("response", self._on_response)
        self.page.on("dialog", self._on_dialog)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(NETWORK):
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.strangers.append(request.url)

    def _on_response(self, response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST and response.request.resource_type not in {"fetch", "document"}:
            self.complaints.append(f"{response.status} {response.url}")

    async def _on_dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    def is_clean(self) -> bool:
        return not self.complaints + self.strangers + self.dialogs


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable())
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visitor(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """Somebody's browser: own cookies, own storage. *options* as Playwright's `new_context` takes them."""
    context = await browser.new_context(**{"locale": "en-GB", "reduced_motion": "reduce", **options})
    context.set_default_timeout(PATIENCE)
    await context.add_init_script(CSP_WATCH)
    try:
        yield context
    finally:
        await context.close()


async def open_tab(context: BrowserContext, url: str, path: str = "/") -> Tab:
    """A tab with the page at *url*, watched from its first byte on."""
    tab = Tab(await context.new_page(), url)
    tab.watch()
    await tab.page.goto(url + path)
    return tab


async def hold_clock(page: Page) -> None:
    """From now on the page's timers and frames wait for ``page.clock.run_for``."""
    await page.clock.install(time=0)
    await page.clock.pause_at(timedelta(hours=1) / timedelta(milliseconds=1))


async def accessibility(tab: Tab) -> list[str]:
    """What axe finds wrong in the page as it is now: rule, and where."""
    found = await Axe().run(tab.page)
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]

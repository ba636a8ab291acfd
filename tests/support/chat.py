"""Somebody who chats on the page, with a mouse or a keyboard, and finds everything by its role and name."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from tests.support.browser import Tab
from tests.support.completions import Play, Wire, ending, words


@dataclass(frozen=True, slots=True)
class Chat:
    tab: Tab

    @property
    def page(self) -> Page:
        return self.tab.page

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def questions(self) -> Locator:
        return self.page.locator("article[data-role=user]")

    @property
    def answers(self) -> Locator:
        return self.page.locator("article[data-role=assistant]")

    @property
    def side(self) -> Locator:
        return self.page.get_by_role("navigation", name="Conversations")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def path(self) -> str:
        """Where the conversation is that is shown: the browser tells of a new one's address a moment later."""
        await expect(self.page).to_have_url(re.compile("/c/"))
        return self.page.url.removeprefix(self.tab.home)

    async def send(self, text: str) -> None:
        await self.box.fill(text)
        await self.box.press("Enter")

    async def ask(self, text: str, answer: str) -> None:
        """Returns when the last answer is *answer*, whole."""
        await self.send(text)
        await self.shows(answer)

    async def shows(self, answer: str) -> None:
        """The last answer is *answer*, and no more of it is awaited."""
        await expect(self.answers.last).to_have_attribute("data-state", "done")
        await expect(self.answers.last.locator(".markdown")).to_have_text(answer)

    async def begun(self, words_so_far: str) -> None:
        """The last answer grows and begins with these words."""
        await expect(self.answers.last.locator(".markdown")).to_contain_text(words_so_far)

    async def menu(self, title: str, item: str) -> None:
        """Chooses *item* for the conversation of that *title*."""
        await self.button(f"More for “{title}”").click()
        await self.page.get_by_role("menuitem", name=item).click()


def held(first: str, release: asyncio.Event, rest: str = "") -> Play:
    """An answer that says *first*, and the *rest* when the test lets it."""

    async def play(wire: Wire) -> None:
        await wire.begin_stream()
        for piece in words(first):
            await wire.piece(piece)
        await release.wait()
        for piece in (*words(rest)[1:], *ending()):
            await wire.piece(piece)
        await wire.end_stream()

    return play

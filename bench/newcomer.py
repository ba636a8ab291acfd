"""A newcomer's way: from nothing to the first answer in the terminal, on the page, on Discord and on Telegram.

    python -m bench.newcomer [--write]

Prints what they see, and the seconds; with ``--write`` it writes docs/newcomer.md and its pictures instead.
A fresh clone of what is committed, an empty home, no caches; what is typed stands in README.md, to the letter. Discord and
Telegram are the tests' servers on this machine: the clone's `config.yaml` is told their addresses, and nothing else. The bot on
Telegram is as @BotFather makes one, with privacy mode.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import Browser

from bench._chats import on_discord, on_telegram
from bench._drawing import draw, of_chat, photograph
from bench._screen import PROMPT, Terminal, terminal
from bench._seen import Part, document
from tests.support import discord_world, telegram_world
from tests.support.browser import chromium, open_tab, visitor
from tests.support.clock import until
from tests.support.discord_server import DiscordServer
from tests.support.telegram_server import TelegramServer
from tests.support.tree import ROOT

IMAGES = ROOT / "docs/images"
LONG = 30_000
"""Looks at what has to come: a set-up with a slow connection."""
WINDOW = {"width": 1000, "height": 640}
PARLOUR, SERVED = "Parlour ·", "parlour: web: "
QUESTION, AGAIN = "My name is Ada.", "What is my name?"
ANSWERED = "until the first answer"
_CODE = re.compile(r"^```sh\n(.*?)^```$|`((?:make|echo) [^`]*)`", re.MULTILINE | re.DOTALL)


@dataclass
class Newcomer:
    """folder: with the clone and a home in it. images: where pictures go. parts: what they have seen so far."""

    folder: Path
    images: Path
    browser: Browser
    parts: list[Part] = field(default_factory=list)

    @property
    def clone(self) -> Path:
        return self.folder / "parlour"

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.folder / "home"), "LANG": "C.UTF-8"}

    def part(self, title: str) -> Part:
        self.parts.append(Part(title))
        return self.parts[-1]

    @asynccontextmanager
    async def types(self, command: str) -> AsyncIterator[Terminal]:
        async with terminal(command, self.clone, self.environment) as window:
            yield window

    async def has_typed(self, command: str, part: Part) -> None:
        """A command that ends by itself."""
        async with self.types(command) as window, part.timed(shown(command)):
            await window.ends()
        if window.text:
            part.read(f"`{shown(command)}` says", window.text)


def typed(command: str, secret: str = "") -> str:
    """*command* as README.md has it, with *secret* in the place of the "…"."""
    text = (ROOT / "README.md").read_text()
    lines = [line.split("#")[0].strip() for block, code in _CODE.findall(text) for line in (block or code).splitlines()]
    assert command in lines, f"README.md does not say: {command}"
    return command.replace("…", secret)


def shown(command: str) -> str:
    """Without the secret."""
    return re.sub(r"TOKEN=\S+", "TOKEN=…", command)


async def gets_it(ada: Newcomer) -> None:
    part = ada.part("Getting it")
    (ada.folder / "home").mkdir()
    async with part.timed("git clone"), terminal(f"git clone -q {ROOT} parlour", ada.folder, ada.environment) as window:
        await window.ends()
    async with part.timed("make chat, until it is set up"), ada.types(typed("make chat")) as window:
        await window.shows("packages")
        part.read("`make chat` says, and counts", window.text)
        await window.shows("is set up")
        part.read("In the end it says", window.text.partition(PARLOUR)[0])


async def in_the_terminal(ada: Newcomer) -> None:
    part = ada.part("In the terminal")
    async with ada.types(typed("make chat")) as window:
        async with part.timed("make chat, until one can type"):
            await window.shows(PROMPT)
        window.type(f"{QUESTION}\r")
        async with part.timed(ANSWERED):
            await window.shows("Ada!")
        await window.prompts()
        window.type(f"{AGAIN}\r")
        async with part.timed("until the second"):
            await window.shows("Your name is")
        await window.prompts()
        window.type("exit\r")
        await window.ends()
    part.read("The conversation", window.text)


async def on_the_page(ada: Newcomer) -> None:
    part = ada.part("On the page")
    async with ada.types(typed("make run")) as window, visitor(ada.browser, viewport=WINDOW) as context:
        async with part.timed("make run, until it says where"):
            await window.shows(SERVED)
        part.read("`make run` says", window.text)
        async with part.timed("the page opens"):
            page = (await open_tab(context, address(window.text))).page
            await page.locator("#welcome").wait_for()
        part.read("The page has (some of it for screen readers only)", await page.locator("body").inner_text())
        await photograph(page, ada.images / "newcomer-page.webp", WINDOW, 1.0)
        await page.locator("#text").fill(QUESTION)
        async with part.timed(ANSWERED):
            await page.locator("#send").click()
            await page.locator("article[data-role=assistant][data-state=done]").wait_for()
        part.read("After the answer it has", await page.locator("body").inner_text())
        await photograph(page, ada.images / "newcomer-answer.webp", WINDOW, 1.0)
    part.pictures += [("newcomer-page", "The page as it opens"), ("newcomer-answer", "The first answer")]


def address(text: str) -> str:
    """Behind "web:" in what the process says."""
    return text.partition(SERVED)[2].split()[0]


async def on_discord_(ada: Newcomer, discord: DiscordServer) -> None:
    part = ada.part("On Discord")
    await ada.has_typed(typed("echo DISCORD_TOKEN=… >>.env", discord_world.TOKEN), part)
    await ada.has_typed(typed("make check"), part)
    async with ada.types(typed("make run")) as window:
        async with part.timed("make run, until it says that it is there"):
            await window.shows("parlour is here")
        discord.say(discord_world.ADA, f"<@{discord_world.BOT}> {QUESTION}", discord_world.GENERAL)
        async with part.timed(ANSWERED):
            await until(lambda: has_retry(discord.by_bot(discord_world.GENERAL), discord.buttons), LONG)
        part.read("`make run` says", window.text)
    await chat_of(ada, part, "newcomer-discord", of_chat("# general", on_discord(discord, discord_world.GENERAL)))


async def on_telegram_(ada: Newcomer, telegram: TelegramServer) -> None:
    part = ada.part("On Telegram")
    await ada.has_typed(typed("echo TELEGRAM_TOKEN=… >>.env", telegram_world.TOKEN), part)
    async with ada.types(typed("make run")) as window:
        async with part.timed("make run, until it says that it is there"):
            await window.shows("parlour_bot is here")
        telegram.say(telegram_world.ADA, "/start")
        await until(lambda: bool(telegram.shown(telegram_world.ADA)), LONG)
        telegram.say(telegram_world.ADA, QUESTION)
        async with part.timed(ANSWERED):
            await until(lambda: has_retry(telegram.by_bot(telegram_world.ADA), telegram.buttons), LONG)
        part.read("`make run` says", window.text)
    messages = on_telegram(telegram, telegram_world.ADA)
    await chat_of(ada, part, "newcomer-telegram", of_chat("Parlour", messages, bubbles=True))


def has_retry(messages: list[dict[str, Any]], buttons: Callable[[dict[str, Any]], Mapping[str, str]]) -> bool:
    """Whether the last one is a whole answer."""
    return bool(messages) and "Retry" in buttons(messages[-1])


async def chat_of(ada: Newcomer, part: Part, name: str, html: str) -> None:
    """What the chat shows, as text and as a picture."""
    await draw(ada.browser, ada.images / f"{name}.webp", html)
    page = await ada.browser.new_page()
    await page.set_content(html)
    part.read("The chat shows", await page.locator("main").inner_text())
    await page.close()
    part.pictures.append((name, f"{part.title}, drawn from what the server was sent"))


def points(clone: Path, discord: DiscordServer, telegram: TelegramServer) -> None:
    """The clone's configuration, to the servers on this machine."""
    file = clone / "config.yaml"
    text = file.read_text()
    for ours, theirs in (
        ("https://discord.com/api/v10", discord.api_url),
        ("wss://gateway.discord.gg/", discord.gateway_url),
        ("https://api.telegram.org", telegram.api_url),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    file.write_text(text)


async def arrives(folder: Path, images: Path) -> list[Part]:
    """From nothing, in an empty *folder*, everywhere; pictures go to *images*."""
    async with chromium() as browser, DiscordServer() as discord, TelegramServer(privacy=True) as telegram:
        ada = Newcomer(folder, images, browser)
        await gets_it(ada)
        await in_the_terminal(ada)
        await on_the_page(ada)
        points(ada.clone, discord, telegram)
        await on_discord_(ada, discord)
        await on_telegram_(ada, telegram)
        return ada.parts


def main(*, is_kept: bool) -> None:
    logging.disable()
    with TemporaryDirectory() as folder:
        images = IMAGES if is_kept else Path(folder) / "images"
        getting, *places = asyncio.run(arrives(Path(folder), images))
    text = document(getting, places, ANSWERED)
    if is_kept:
        (ROOT / "docs/newcomer.md").write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main(is_kept="--write" in sys.argv)

"""Troubles of the operator's own: a broken configuration, keys that were changed."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import httpx2

from bench._outages import GREETING, world
from bench._transcript import Transcript, wrapped
from core.config import parse_config
from tests.support.servers import free_port
from tests.support.telegram_world import ADA, TOKEN
from tests.support.tree import ROOT
from tests.support.web import serving

LINES = {
    "unknown key": "inbox: {leese: 30s}",
    "wrong type": "limits: {messages: {user: lots}}",
    "missing secret": "providers: {openai: {base_url: https://api.openai.com/v1, api_key: '${MY_KEY}'}}\nmodels: [{id: gpt-5-mini, provider: openai}]",
    "contradiction": "fallback: [gpt-5]",
    "not YAML at all": "personas: [",
}
ECHO = "models: [{id: echo, provider: scripted}]\nstore: sqlite:///parlour.db\nlog: {level: warning}\n"


class Console(Transcript):
    """What an operator types in *folder*, and reads."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    async def types(self, *words: str, given: str = "", shown: str = "", only: str = "") -> None:
        """``parlour`` with these words, and *given* on its standard input; of what it says the lines that have *only* in
        them."""
        self.lines.append(f"$ {shown or 'parlour ' + ' '.join(words)}")
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bots", *words),
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await running.communicate(given.encode())
        for text in (out, err):
            said = "\n".join(line for line in text.decode().splitlines() if only in line)
            self.lines += [f"  {line}" for line in wrapped(said)]
        if running.returncode:
            self.lines.append(f"  (exit code {running.returncode})")


async def broken_start(folder: Path) -> list[str]:
    console = Console(folder)
    for what, line in LINES.items():
        (folder / "config.yaml").write_text(line + "\n")
        console.lines += [f"# {what}", *(f"# {each}" for each in line.splitlines())]
        await console.types("run")
    return console.lines


async def broken_meanwhile(folder: Path) -> list[str]:
    async with world(folder) as here:
        good = here.bot.file.read_text()
        here.play.note("", "The operator saves a configuration with a slip in it.")
        here.bot.write(good + "limits: {messages: {user: lots}}\n")
        await here.play.passes(5.0, 0.5)
        await here.telegram.answers(ADA, "Are you there?", GREETING)
        here.play.note("", "The operator mends it.")
        here.bot.write(good + "limits: {messages: {user: 1/1h}}\n")
        await here.play.passes(5.0, 0.5)
        await here.telegram.answers(ADA, "And now?", GREETING)
        await here.telegram.answers(ADA, "And once more?", "faster")
    return here.play.lines()


async def provider_key(folder: Path) -> list[str]:
    async with world(folder) as here:
        old = here.model.key or ""
        here.model.key = "sk-test-the-new-one"
        here.play.note("", "The provider takes another key from here on.")
        await here.telegram.answers(ADA, "What is a haiku?", "key")
        await here.bot.look()
        here.play.note("", "The operator writes the new key into the file.")
        here.bot.write(here.bot.file.read_text().replace(old, here.model.key))
        await here.play.passes(5.0, 0.5)
        await here.telegram.answers(ADA, "/retry", GREETING)
        await here.bot.look()
    return here.play.lines()


async def bot_token(folder: Path) -> list[str]:
    async with world(folder) as here:
        here.play.note("", "Somebody has the bot's father revoke its token.")
        here.telegram.revoke()
        await here.play.passes(30.0, 0.5)
        await here.bot.look()
        here.play.note("", "The operator writes the new token into the file: that takes a restart.")
        here.bot.write(here.bot.file.read_text().replace(TOKEN, TOKEN[:-3] + "new"))
        await here.play.passes(5.0, 0.5)
        return here.play.lines()


async def page_token(folder: Path) -> list[str]:
    """Whoever came in with the old token has to show the new one, and is then who they were."""
    lines = []
    async with httpx2.AsyncClient(trust_env=False) as browser:
        for token, typed in (("the-token-of-last-year", "the-token-of-last-year"), ("the-new-token", "the-new-token")):
            lines.append(f"# web: {{token: {token}}}")
            settings = (
                f"{ECHO.replace('sqlite:///', f'sqlite:///{folder}/')}web: {{port: {free_port()}, token: {token}}}"
            )
            async with serving(parse_config(settings, {})) as url:
                lines.append(f"GET / {(await browser.get(url)).status_code}")
                entered = await browser.post(f"{url}/login", data={"token": typed}, headers={"Origin": url})
                lines.append(f"POST /login {entered.status_code}")
                lines.append(f"GET / {(await browser.get(url)).status_code}")
    return lines


async def privacy_key(folder: Path) -> list[str]:
    console, file = Console(folder), folder / "config.yaml"
    file.write_text(f"{ECHO}privacy: {{key: the-key-of-last-year-32-characters}}\n")
    await console.types("chat", given="My name is Ada.\n", shown="echo 'My name is Ada.' | parlour chat")
    console.lines.append("# another key, and the old one forgotten")
    file.write_text(f"{ECHO}privacy: {{key: the-key-of-this-year-32-characters}}\n")
    await console.types("check", "--offline", shown="parlour check --offline | grep store", only="store")
    await console.types("chat", given="/context\n", shown="echo /context | parlour chat")
    console.lines.append("# another key, and the old one among old_keys")
    keys = "key: the-key-of-this-year-32-characters, old_keys: [the-key-of-last-year-32-characters]"
    file.write_text(f"{ECHO}privacy: {{{keys}}}\n")
    await console.types("chat", given="/context\n", shown="echo /context | parlour chat")
    console.lines.append("# the old one alone again")
    file.write_text(f"{ECHO}privacy: {{key: the-key-of-last-year-32-characters}}\n")
    await console.types("check", "--offline", shown="parlour check --offline | grep store", only="store")
    return console.lines

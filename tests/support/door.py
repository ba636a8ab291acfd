"""The web page's server with settings of its own, and people and programs who come to its door."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from bots import wiring
from core.config import parse_config
from tests.support.clock import until

TOKEN = "a-token-that-nobody-guesses"


@asynccontextmanager
async def door(folder: Path, *lines: str, store: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    """A browser in front of a server; *lines* are further ones of the configuration's `web`."""
    own = "".join(f"  {line}\n" for line in ("port: 0", *lines))
    kept = store or f"sqlite:///{folder}/parlour.db"
    config = parse_config(f"store: {kept}\nmodels: [{{id: echo, provider: scripted}}]\nweb:\n{own}", {})
    said: list[str] = []
    serving = asyncio.create_task(wiring.serve(config, ["web"], said.append), name="web page")
    try:
        await until(lambda: bool(said))
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port_in(said[0])}") as browser:
            yield browser
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def port_in(line: str) -> int:
    """Where the page listens, as it says itself."""
    found = re.search(r"http://\S+:(\d+) \(", line)
    assert found, line
    return int(found[1])


@asynccontextmanager
async def another(browser: httpx2.AsyncClient, **cookies: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody else in front of the same server."""
    async with httpx2.AsyncClient(base_url=browser.base_url, cookies=cookies) as other:
        yield other

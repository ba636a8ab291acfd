"""The web page's server with settings of its own, and people and programs who come to its door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from core.config import parse_config
from tests.support.servers import free_port
from tests.support.web import serving

TOKEN = "a-token-that-nobody-guesses"


@asynccontextmanager
async def door(folder: Path, *lines: str, store: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    """A browser in front of a server; *lines* are further ones of the configuration's `web`."""
    own = "".join(f"  {line}\n" for line in (f"port: {free_port()}", *lines))
    kept = store or f"sqlite:///{folder}/parlour.db"
    config = parse_config(f"store: {kept}\nmodels: [{{id: echo, provider: scripted}}]\nweb:\n{own}", {})
    async with serving(config) as url, httpx2.AsyncClient(base_url=url) as browser:
        yield browser


@asynccontextmanager
async def another(browser: httpx2.AsyncClient, **cookies: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody else in front of the same server."""
    async with httpx2.AsyncClient(base_url=browser.base_url, cookies=cookies) as other:
        yield other

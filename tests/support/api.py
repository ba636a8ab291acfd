"""The API as its clients have it: a real server in front of a model's, and the official package of OpenAI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
from httpx2 import AsyncClient, Response
from pydantic import SecretStr

from core.config import parse_config
from core.config_platforms import WebClientConfig
from tests.support.completions import KEY, CompletionsServer
from tests.support.servers import free_port
from tests.support.web import serving

HELLO: Any = [{"role": "user", "content": "Hello"}]
MODEL, OTHER = "gpt-5-mini", "other"


@dataclass(frozen=True)
class Api:
    """url: of `/v1`. client: with any key and without retries of its own. http: for what that package never sends."""

    url: str
    model: CompletionsServer
    client: openai.AsyncOpenAI
    http: AsyncClient

    def as_client(self, key: str) -> openai.AsyncOpenAI:
        return self.client.with_options(api_key=key)

    async def post(self, headers: dict[str, str] | None = None, **body: Any) -> Response:
        asked = {"model": MODEL, "messages": HELLO, **body}
        return await self.http.post("/chat/completions", json=asked, headers=headers)

    async def refused(self, headers: dict[str, str] | None = None, **body: Any) -> tuple[int, dict[str, Any]]:
        """The status and the error of a request that is refused."""
        answered = await self.post(headers, **body)
        return answered.status_code, answered.json()["error"]


@asynccontextmanager
async def serve_api(
    folder: Path, more: str = "", at_once: int | None = None, store: str = "", **web: object
) -> AsyncIterator[Api]:
    """*more*: lines of the configuration. at_once: of the provider. *store*: another one than a file. *web*: values of the
    section of that name."""
    async with CompletionsServer() as model:
        config = parse_config(_settings(folder, model, at_once) + more, {})
        config = config.model_copy(update={"store": store or config.store})
        config = config.model_copy(update={"web": config.web.model_copy(update=web)})
        async with serving(config) as page, calling(page, model) as api:
            yield api


def _settings(folder: Path, model: CompletionsServer, at_once: int | None) -> str:
    return f"""
store: sqlite:///{folder}/parlour.db
providers: {{vendor: {{base_url: "{model.url}", api_key: {KEY}, at_once: {at_once or ""}}}}}
models: [{{id: {MODEL}, provider: vendor}}, {{id: {OTHER}, provider: scripted}}]
web: {{port: {free_port()}}}
"""


def program(name: str, **more: Any) -> WebClientConfig:
    """A client whose key is ``key-of-NAME``."""
    return WebClientConfig(name=name, key=SecretStr(f"key-of-{name}"), **more)


@asynccontextmanager
async def calling(page: str, model: CompletionsServer) -> AsyncIterator[Api]:
    """The API of a server that runs at *page*."""
    url = f"{page}/v1"
    async with (
        openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client,
        AsyncClient(base_url=url, timeout=30) as http,
    ):
        yield Api(url, model, client, http)


async def read_into(seen: list[str], stream: openai.AsyncStream[Any]) -> None:
    """All of a streamed answer, as it comes. Raises openai.APIError."""
    async for chunk in stream:
        seen += [choice.delta.content or "" for choice in chunk.choices]

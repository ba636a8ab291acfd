"""The web page's server: what `run web` starts, in this process or in one of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bots import wiring
from core.config import Config, parse_config
from tests.support.completions import KEY, CompletionsServer
from tests.support.servers import free_port


def settings(folder: Path, port: int, *, delay: float = 0.0, store: str = "", more: str = "") -> str:
    """A configuration with a model that echoes, *delay* seconds for each word, and one more of the kind."""
    return f"""
store: {store or f"sqlite:///{folder}/parlour.db"}
models:
  - {{id: echo, provider: scripted, extra_body: {{delay: {delay}}}}}
  - {{id: other, provider: scripted}}
personas: [{{name: assistant, prompt: Be helpful.}}, {{name: pirate, prompt: Speak like a pirate.}}]
inbox: {{lease: 2s}}
web: {{port: {port}}}
{more}
"""


def on_server(folder: Path, port: int, model: CompletionsServer, more: str = "", at_once: int | None = None) -> str:
    """A configuration whose model answers on a test's own server, which takes *at_once*."""
    return f"""
store: sqlite:///{folder}/parlour.db
providers: {{openai: {{base_url: "{model.url}", api_key: {KEY}, at_once: {at_once or ""}}}}}
models: [{{id: gpt-5-mini, provider: openai}}]
web: {{port: {port}}}
{more}
"""


@asynccontextmanager
async def web(
    folder: Path,
    *,
    delay: float = 0.0,
    more: str = "",
    model: CompletionsServer | None = None,
    at_once: int | None = None,
) -> AsyncIterator[str]:
    """The URL of a server in this process. At the end of the block it is cancelled, as a killed process would stop."""
    port = free_port()
    text = on_server(folder, port, model, more, at_once) if model else settings(folder, port, delay=delay, more=more)
    async with serving(parse_config(text, {})) as url:
        yield url


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[str]:
    lines: list[str] = []
    served = asyncio.create_task(wiring.serve(config, ["web"], lines.append), name="web page")
    try:
        await listening(config.web.port)
        yield f"http://127.0.0.1:{config.web.port}"
    finally:
        served.cancel()
        await asyncio.gather(served, return_exceptions=True)


async def listening(port: int, attempts: int = 10_000) -> None:
    """Returns when something listens there."""
    for _ in range(attempts):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.002)
        else:
            writer.close()
            return
    raise AssertionError(f"nothing listens on port {port}")

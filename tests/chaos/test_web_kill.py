"""The web page's server as a process, killed while it answers: the pages that watch end with the whole answer, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.support.bot_process import process
from tests.support.chat import held
from tests.support.clock import until
from tests.support.completions import CompletionsServer, Play, Wire
from tests.support.page import Page, page
from tests.support.servers import free_port
from tests.support.web import listening, on_server, settings

VISITORS = 20
WORDS = "one two three four five six seven eight nine ten eleven twelve"


async def test_a_killed_process_costs_none_of_twenty_answers(tmp_path: Path) -> None:
    release = asyncio.Event()
    async with AsyncExitStack() as open_pages:
        model = await open_pages.enter_async_context(CompletionsServer(always=echo(release)))
        port = free_port()
        config = on_server(tmp_path, port, model, "inbox: {lease: 2s}")
        async with started(tmp_path, port, config):
            url = f"http://127.0.0.1:{port}"
            pages = [await open_pages.enter_async_context(page(url)) for _ in range(VISITORS)]
            turns = [await each.ask(f"{number} {WORDS}") for number, each in enumerate(pages)]
            await until(lambda: all(each.words for each in pages), 20_000)
        assert not any(each.answers for each in pages)
        release.set()
        async with started(tmp_path, port, config):
            answers = await asyncio.gather(*map(Page.answered, pages, turns))
            assert answers == [f"You said: {number} {WORDS}" for number in range(VISITORS)]
            kept = [await each.texts() for each in pages]
            assert kept == [[f"{number} {WORDS}", answer] for number, answer in enumerate(answers)]


async def test_a_process_that_is_asked_to_end_finishes_what_it_answers(tmp_path: Path) -> None:
    """The answers are kept when it has gone, whoever could still watch them."""
    async with AsyncExitStack() as open_pages:
        port = free_port()
        config = settings(tmp_path, port, delay=0.1)
        async with started(tmp_path, port, config) as first:
            url = f"http://127.0.0.1:{port}"
            pages = [await open_pages.enter_async_context(page(url)) for _ in range(VISITORS)]
            turns = [await each.ask(f"{number} {WORDS}") for number, each in enumerate(pages)]
            await until(lambda: all(each.words for each in pages), 20_000)
            first.terminate()
            await first.wait()
        async with started(tmp_path, port, config):
            answers = await asyncio.gather(*map(Page.answered, pages, turns))
            assert answers == [f"You said: {number} {WORDS}" for number in range(VISITORS)]


def echo(release: asyncio.Event) -> Play:
    """Begins to repeat the question, and ends when the test lets it."""

    async def play(wire: Wire) -> None:
        question = wire.request.body["messages"][-1]["content"]
        await held("You said:", release, f" {question}")(wire)

    return play


@asynccontextmanager
async def started(folder: Path, port: int, config: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Killed at the end of the block."""
    file = folder / "config.yaml"
    file.write_text(config)
    async with process(file, "web") as running:
        await listening(port)
        yield running

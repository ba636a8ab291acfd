"""A process killed while an answer is checked: nobody sees what was not checked, and the next process answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.completions import CompletionsServer, Wire, answer, ending, whole, words
from tests.support.page import page
from tests.support.servers import free_port
from tests.support.web import listening, on_server

GOOD = "This is the first sentence of a story that goes on. "
MORE = "moderation: {provider: openai, timeout: 60s}\ninbox: {lease: 2s}"


async def test_what_was_not_checked_is_lost_with_its_process_and_written_anew(tmp_path: Path) -> None:
    async with CompletionsServer() as model:
        port, seen, held = free_port(), asyncio.Event(), asyncio.Event()

        async def in_two_parts(wire: Wire) -> None:
            await wire.begin_stream()
            for piece in words(GOOD):
                await wire.piece(piece)
            await seen.wait()
            for piece in [*words("One."), *ending()]:
                await wire.piece(piece)
            await wire.end_stream()

        async def never(wire: Wire) -> None:
            held.set()
            await wire.until_gone()

        async def at_once(wire: Wire) -> None:
            await whole(model.judge.verdict(wire.request.body))(wire)

        model.plan(in_two_parts, answer(GOOD + "Two."))
        model.checks.extend([at_once, at_once, never])
        async with server(tmp_path, port, model) as first, page(f"http://127.0.0.1:{port}") as ada:
            turn = await ada.ask("A story")
            await until(lambda: ada.words.get(turn) == GOOD.rstrip())
            seen.set()
            await held.wait()
            first.kill()
            await first.wait()
            assert not ada.answers
            async with server(tmp_path, port, model):
                assert await ada.answered(turn) == GOOD + "Two."
                assert await ada.texts() == ["A story", GOOD + "Two."]
        assert "One." not in str(ada.heard)


@asynccontextmanager
async def server(folder: Path, port: int, model: CompletionsServer) -> AsyncIterator[asyncio.subprocess.Process]:
    config = folder / "config.yaml"
    config.write_text(on_server(folder, port, model, MORE))
    async with process(config, "web") as running:
        await listening(port)
        yield running

"""What a visitor of the web page lives through, told in tests: one idea each, over the real server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.config import parse_config
from tests.support.clock import until
from tests.support.page import ROOM, page
from tests.support.servers import free_port
from tests.support.web import serving, settings, web

WORDS = "one two three four five six seven eight nine ten"


async def test_who_closes_the_page_in_the_middle_of_an_answer_finds_it_whole_later(tmp_path: Path) -> None:
    async with web(tmp_path, delay=0.05) as url:
        async with page(url) as ada:
            turn = await ada.ask(WORDS)
            await until(lambda: turn in ada.words)
        async with page(url, tab_of=ada) as later:
            later.pending[turn] = ROOM
            assert await later.answered(turn) == f"You said: {WORDS}"


async def test_a_conversation_goes_on_after_the_server_was_restarted(tmp_path: Path) -> None:
    config = parse_config(settings(tmp_path, free_port()), {})
    async with serving(config) as url, page(url) as ada:
        await ada.answer("Hello")
    async with serving(config) as url, page(url, tab_of=ada) as again:
        await again.answer("And now?")
        assert await again.texts() == ["Hello", "You said: Hello", "And now?", "You said: And now?"]


async def test_whichever_process_answers_the_page_ends_with_the_whole_answer(tmp_path: Path) -> None:
    """Two on one file: a page hears the words of its own server's answers only, and looks for the others."""
    async with web(tmp_path) as url, web(tmp_path), page(url) as ada:
        ada.silence = 0.2
        rooms = [f"room-{number:04}" for number in range(8)]
        answers = await asyncio.gather(*(ada.answer(f"Hello from {room}", room) for room in rooms))
        assert answers == [f"You said: Hello from {room}" for room in rooms]

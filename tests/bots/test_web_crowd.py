"""Many visitors at the same moment. `bench.web_load` measures five hundred."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from tests.support.page import page
from tests.support.web import web

VISITORS = 60
WORDS = " ".join(f"w{number}" for number in range(40))


async def test_everybody_gets_the_whole_answer_to_their_own_question(tmp_path: Path) -> None:
    async with web(tmp_path, delay=0.01) as url, AsyncExitStack() as opened:
        visitors = [await opened.enter_async_context(page(url)) for _ in range(VISITORS)]
        answers = await asyncio.gather(*(each.answer(f"{number} {WORDS}") for number, each in enumerate(visitors)))
        assert answers == [f"You said: {number} {WORDS}" for number in range(VISITORS)]
        for each in visitors:
            assert {event["turn"] for event in each.heard} == set(each.answers)

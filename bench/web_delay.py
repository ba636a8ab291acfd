"""What the web page adds to the model's time for one visitor: from the model's first word to the first words at the page,
and from its last one to the whole answer.

    python -m bench.web_delay

Model, server and visitor are on loopback, in this process; the model is asked over HTTP with the real client.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from pathlib import Path
from statistics import median

import structlog

from bench._speaking import Speaker, told
from tests.support.clock import until
from tests.support.completions import CompletionsServer
from tests.support.page import Page, page
from tests.support.web import web

QUESTIONS = 20
WORDS = 30


async def measure() -> None:
    async with CompletionsServer() as model:
        with tempfile.TemporaryDirectory() as folder:
            async with web(Path(folder), model=model) as url, page(url) as visitor:
                delays = [await ask(visitor, model) for _ in range(QUESTIONS)]
    firsts, wholes = zip(*delays, strict=True)
    print(f"beyond the model's own time: first words {told(firsts, 0.0)}, whole answer {told(wholes, 0.0)}")
    print(f"  (median, worst of {QUESTIONS}); at most 30 ms at the median: {median(firsts) <= 0.030}")


async def ask(visitor: Page, model: CompletionsServer) -> tuple[float, float]:
    """Seconds from the first word to the first ones seen, and from the last one to the whole answer."""
    speaker = Speaker(" ".join(f"w{number}" for number in range(WORDS)))
    model.plan(speaker.play)
    turn = await visitor.ask("Speak.")
    await until(lambda: turn in visitor.words, 10_000)
    first = time.monotonic()
    await until(lambda: turn in visitor.answers, 10_000)
    return first - speaker.first, time.monotonic() - speaker.last


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(measure())

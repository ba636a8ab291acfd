"""What the benches of chat platforms share: models that speak at a known pace, and what the bot's process costs."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.support.bot_process import process
from tests.support.completions import KEY, CompletionsServer, Wire, ending, words

WORDS = 120
WORD_TIME = 0.02
"""Seconds for a word: 50 words a second."""
ANSWER = " ".join(f"w{number}" for number in range(WORDS - 1))


async def repeat(wire: Wire) -> None:
    """The model: the last word of the question, which is the asker's name, then words."""
    name = wire.request.body["messages"][-1]["content"].split()[-1]
    role, *spoken = words(f"{name} {ANSWER}")
    await wire.begin_stream()
    await wire.piece(role)
    due = time.monotonic()
    for piece in spoken:
        due += WORD_TIME
        await asyncio.sleep(due - time.monotonic())
        await wire.piece(piece)
    for piece in ending():
        await wire.piece(piece)
    await wire.end_stream()


@dataclass
class Speaker:
    """A model that notes when it said its first word and when its last."""

    text: str
    first: float = 0.0
    last: float = 0.0

    async def play(self, wire: Wire) -> None:
        await wire.begin_stream()
        role, *spoken = words(self.text)
        await wire.piece(role)
        for number, piece in enumerate(spoken):
            await asyncio.sleep(WORD_TIME)
            self.last = time.monotonic()
            self.first = self.last if not number else self.first
            await wire.piece(piece)
        for piece in ending():
            await wire.piece(piece)
        await wire.end_stream()


@dataclass
class Cost:
    """Of the bot's process once it has ended, its start included: seconds of processor time, MB of memory at most."""

    seconds: float = 0.0
    memory: float = 0.0

    def __str__(self) -> str:
        return f"processor time of the bot {self.seconds:.1f} s, its start included; memory {self.memory:.0f} MB"


@asynccontextmanager
async def measured(config: Path, platform: str) -> AsyncIterator[Cost]:
    """The bot as a process, for as long as the block lasts."""
    with costs() as cost:
        async with process(config, platform) as bot:
            yield cost
            bot.terminate()
            await bot.wait()


@contextmanager
def costs() -> Iterator[Cost]:
    """Of the processes that end within the block. Memory is that of the largest process so far."""
    cost, before = Cost(), resource.getrusage(resource.RUSAGE_CHILDREN)
    yield cost
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost.seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost.memory = after.ru_maxrss / 1024


def settings(folder: Path, model: CompletionsServer, platform: str) -> str:
    """A configuration with *model* and the line of one *platform*."""
    return f"""
store: sqlite:///{folder}/parlour.db
providers: {{openai: {{base_url: "{model.url}", api_key: {KEY}}}}}
models: [{{id: gpt-5-mini, provider: openai}}]
{platform}
"""


def told(delays: tuple[float, ...], request: float) -> str:
    """Median and worst, in milliseconds beyond *request* seconds."""
    return f"{(median(delays) - request) * 1000:.0f} ms, {(max(delays) - request) * 1000:.0f} ms"

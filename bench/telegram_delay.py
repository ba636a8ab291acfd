"""What the bot adds to the model's time for one person on Telegram: from the model's first token to the first visible
words, and from its last token to the whole answer, each beyond the time that one request takes.

    python -m bench.telegram_delay

Model, Telegram and bot are on loopback, in this process; the model is asked over HTTP with the real client. Telegram's
flood limits are on. A Telegram that is far away is imitated by a latency that every request waits before it is obeyed.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import structlog

from bench._speaking import Speaker, settings, told
from core.config import parse_config
from tests.support.clock import until
from tests.support.completions import CompletionsServer
from tests.support.telegram_bot import running
from tests.support.telegram_rest import COUNTED
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, TOKEN, Ask

LATENCIES = (0.0, 0.05, 0.1)
"""Seconds."""
LENGTHS = range(90, 150, 3)
"""Words of the answers: their ends meet the drafts' rhythm everywhere."""
PATIENCE = 60_000
"""Looks at an answer, after which the bench gives up: some minutes. A busy machine can stand still for ten seconds, which
is then a figure and not the end of the bench."""


@dataclass
class Watched(TelegramServer):
    """Knows when each write and each draft took effect."""

    seen: list[float] = field(default_factory=list)

    async def _obey(self, ask: Ask) -> Any:
        result = await super()._obey(ask)
        if COUNTED.get(ask.method) in {"write", "draft"}:
            self.seen.append(time.monotonic())
        return result


async def measure(latency: float, drafts: str) -> None:
    """All questions in one chat, each as soon as the one before it is answered."""
    async with CompletionsServer() as model, Watched(latency=latency) as telegram:
        with tempfile.TemporaryDirectory() as folder:
            platform = f'telegram: {{token: "{TOKEN}", api_url: "{telegram.api_url}", drafts: {drafts}}}'
            async with running(telegram, parse_config(settings(Path(folder), model, platform), {})):
                request = median([await one_request(telegram) for _ in LENGTHS])
                delays = [await ask(telegram, model, count) for count in LENGTHS]
    firsts, wholes = zip(*delays, strict=True)
    print(f"drafts {drafts}, latency {latency * 1000:.0f} ms, one request {request * 1000:.0f} ms, beyond it:")
    print(f"  first words {told(firsts, request)}, whole answer {told(wholes, request)} (median, worst)")
    print(f"  429: {telegram.statuses[429]}, other refusals: {len(telegram.refused)}")


async def ask(telegram: Watched, model: CompletionsServer, count: int) -> tuple[float, float]:
    """Seconds from the first token to the first visible words, and from the last one to the whole answer."""
    speaker = Speaker(" ".join(f"w{number}" for number in range(count)))
    model.plan(speaker.play)
    telegram.seen.clear()
    telegram.say(ADA, "Speak.")
    try:
        await until(lambda: telegram.shown(ADA)[-1:] == [speaker.text], PATIENCE)
    except AssertionError as problem:
        problem.add_note(f"shown: {telegram.shown(ADA)[-1:]}, wanted: {speaker.text!r}")
        problem.add_note(f"the model was asked {len(model.requests)} times; {telegram.statuses}; {telegram.refused}")
        problem.add_note(f"not confirmed: {telegram.updates.pending}; polled: {telegram.updates.polled}")
        problem.add_note(f"running: {sorted(task.get_name() for task in asyncio.all_tasks())}")
        raise
    return telegram.seen[0] - speaker.first, telegram.seen[-1] - speaker.last


async def one_request(telegram: TelegramServer) -> float:
    """Seconds for a request that Telegram has nothing to do for, over a connection that is there already."""
    async with aiohttp.ClientSession() as client:
        for _ in range(2):
            began = time.monotonic()
            async with client.get(f"{telegram.api_url}/bot{TOKEN}/getMe") as response:
                await response.read()
    return time.monotonic() - began


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for setting, far in itertools.product(("on", "off"), LATENCIES):
        asyncio.run(measure(far, setting))

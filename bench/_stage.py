"""A stage on which trouble is played: the whole bot on Telegram and on its page, on a clock that the play owns, with real
stores and wire servers; and what is written down of it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import structlog
from prometheus_client.parser import text_string_to_metric_families

from bench._transcript import wrapped
from bots import wiring
from core.config import load
from core.telemetry.logs import LogPolicy, set_up
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock
from tests.support.servers import free_port
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import NAMES, TOKEN, Ask, Fault

HOUR = 3600.0
STEP = 0.1
"""Seconds of the play that pass at once; what the bot does over sockets and files has time for itself after each."""
STRIDE = 5.0
"""The same where nothing is to happen for long."""
REAL, LONG_REAL = 0.004, 0.015
"""Real seconds after each step, and after one of more than a second."""
UNBROKEN = "\u2060"
"""Between the slash and the name of a command, so that it is not pressed by mistake."""
OWN = frozenset({"permits.alone"})
"""What is logged because the play's time goes faster than its disk."""
TOLD = ("error", "detail", "attempt", "outcome", "seconds")
"""What is written down of a log line beside its name."""
COUNTED = (
    *("parlour_turns_total", "parlour_errors_total", "parlour_model_retries_total", "parlour_platform_retries_total"),
    *("parlour_queue_turns", "parlour_store_up"),
)
"""Metrics that are written down when they moved."""


@dataclass
class Play:
    """What was said, read and logged, with the time since the play began."""

    clock: ManualClock = field(default_factory=ManualClock)
    entries: list[tuple[float, str, str]] = field(default_factory=list)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.monotonic()

    def note(self, who: str, text: str) -> None:
        self.entries.append((self.clock.monotonic() - self.began, who, text))

    def lines(self) -> list[str]:
        """In order; what the log says again and again only once, with how often it did."""
        times: dict[tuple[str, str], int] = {}
        for _, who, text in self.entries:
            times[who, text] = times.get((who, text), 0) + 1
        found: list[str] = []
        said: set[str] = set()
        for at, who, text in self.entries:
            again = who == "log" and times[who, text] > 1
            if again and text in said:
                continue
            said.add(text)
            found += _spelt(at, who, f"{text} (and {times[who, text] - 1} times more)" if again else text)
        return found

    async def passes(self, seconds: float, stride: float = STRIDE) -> None:
        """So much time."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            await self.step(min(stride, end - self.clock.monotonic()))

    async def until(self, condition: Callable[[], bool], longest: float = 300.0) -> None:
        """Time, until *condition* holds. Raises AssertionError after *longest* seconds of the play."""
        end = self.clock.monotonic() + longest
        while not condition():
            assert self.clock.monotonic() < end, "\n".join(self.lines())
            await self.step(STEP)

    async def step(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        await asyncio.sleep(REAL if seconds <= 1.0 else LONG_REAL)


def _spelt(at: float, who: str, text: str) -> Iterator[str]:
    minutes, seconds = divmod(int(at), 60)
    head = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}  {who:<9}"
    for line in wrapped(text):
        yield head + line
        head = " " * len(head)


class Telegram(TelegramServer):
    """Tells the play of every message of the bot to somebody with a name, and of each that is another one afterwards.
    Telegram's own clock goes right, whatever the bot's does."""

    def __init__(self, play: Play) -> None:
        super().__init__(now=play.clock.monotonic)
        self.play = play
        self._told: dict[tuple[int, int], str] = {}

    async def _obey(self, ask: Ask) -> Any:
        result = await super()._obey(ask)
        for place, message in self.messages.items():
            text = str(message.get("text", "")).replace(UNBROKEN, "")
            if message.get("from", {}).get("is_bot") and place[0] in NAMES and self._told.get(place) != text:
                self._told[place] = text
                self.play.note("parlour", f"to {NAMES[place[0]]}: {text}")
        return result

    def asks(self, person: int, text: str) -> None:
        self.play.note(NAMES[person], text)
        self.say(person, text)

    def leave(self) -> None:
        """Takes no connection any more, and breaks off those that there are."""
        self.faults.append(Fault(lambda _method, _fields: True, "reset", 1 << 30))
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def return_(self) -> None:
        self.faults.clear()

    async def answers(self, person: int, text: str, answer: str) -> None:
        """*person* asks, and reads *answer*, or something that has it in it."""
        known = len(self.shown(person))
        self.asks(person, text)
        await self.play.until(lambda: any(answer in shown for shown in self.shown(person)[known:]))


class _Log(io.StringIO):
    """Takes JSON lines as `core.telemetry.logs` writes them."""

    def __init__(self, play: Play) -> None:
        super().__init__()
        self._play = play

    def write(self, text: str) -> int:
        for line in text.splitlines():
            event = json.loads(line)
            if event["level"] != "info" and event["event"] not in OWN:
                told = " ".join(f"{key}={event[key]}" for key in TOLD if event.get(key) not in (None, ""))
                self._play.note("log", f"{event['level']} {event['event']} {told}".rstrip())
        return len(text)


@dataclass
class Bot:
    """The running bot, and its operator: *file* is its configuration."""

    play: Play
    file: Path
    port: int
    serving: asyncio.Task[int]
    _before: dict[str, float] = field(default_factory=dict)

    def write(self, text: str) -> None:
        """Replaces the configuration, as editors do."""
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)

    async def look(self) -> None:
        """The operator asks whether it is ready, and what moved since they last asked."""
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as web:
            status, _ = await self._get(web, "/readyz")
            _, body = await self._get(web, "/metrics")
        now = _samples(body)
        moved = [
            f"{name} {value:g}"
            for name, value in now.items()
            if value != self._before.get(name, 0.0) and not math.isnan(value)
        ]
        self._before = now
        self.play.note("operator", f"/readyz {status}" + "".join(f"\n{line}" for line in sorted(moved)))

    async def _get(self, web: aiohttp.ClientSession, path: str) -> tuple[int, str]:
        async def get() -> tuple[int, str]:
            async with web.get(path) as answer:
                return answer.status, await answer.text()

        asking = asyncio.create_task(get())
        while not asking.done():
            await self.play.step(STEP)
        return asking.result()


def _samples(body: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            if sample.name in COUNTED:
                labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def configured(telegram: TelegramServer, port: int, store: str, more: str) -> str:
    """*more*: where the models are."""
    return f"""store: {store}
{more}
telegram: {{token: "{TOKEN}", api_url: "{telegram.api_url}", drafts: off}}
web: {{port: {port}}}
"""


@asynccontextmanager
async def bot(play: Play, telegram: TelegramServer, folder: Path, more: str, store: str = "") -> AsyncIterator[Bot]:
    """The whole bot. At the end of the block it is cancelled, as a killed process would stop."""
    port, file = free_port(), folder / "config.yaml"
    file.write_text(configured(telegram, port, store or f"sqlite:///{folder}/parlour.db", more))
    with _owned(play):
        config = load(file, {})
        named = ["telegram", "web"]
        serving = asyncio.create_task(
            wiring.serve(config, named, lambda line: play.note("stderr", line), file), name="bot"
        )
        try:
            while not telegram.connected and not serving.done():
                await play.step(0.01)
            play.began = play.clock.monotonic()
            play.entries.clear()
            yield Bot(play, file, port, serving)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


@contextmanager
def _owned(play: Play) -> Iterator[None]:
    """The bot's time, chance and log are the play's."""
    with patch.object(wiring, "clock", lambda: play.clock), patch.object(wiring, "SystemChance", EvenChance):
        set_up(LogPolicy(format="json"), _Log(play))
        try:
            yield
        finally:
            logging.basicConfig(force=True)
            structlog.reset_defaults()

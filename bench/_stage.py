"""A stage on which trouble is played: the whole bot on Telegram and on its page, on a clock that the play owns, with real
stores and wire servers; and what is written down of it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import aiohttp
import structlog
from prometheus_client.parser import text_string_to_metric_families

from bench._transcript import wrapped
from bots import wiring
from core.clock import SystemClock
from core.config import load
from core.stores.sqlite import wake
from core.tasks import cancelled
from core.telemetry.logs import LogPolicy, set_up
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock
from tests.support.servers import free_port
from tests.support.telegram_rules import Refused
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import NAMES, TOKEN, Ask, Fault

HOUR = 3600.0
STEP = 0.1
"""Seconds of the play that pass at once; what the bot does over sockets and files has time for itself after each."""
STRIDE = 1.0
"""The same where nothing is to happen for long."""
REAL, LONG_REAL = 0.004, 0.015
"""Real seconds after each step, and after each stride: leases are not to lapse because the disk is slower than the play."""
UNBROKEN = "\u2060"
"""Between the slash and the name of a command, so that it is not pressed by mistake."""
OWN = frozenset({"permits.alone", "work.lost", "work.elsewhere", "lease.lost", "turn.lost"})
"""What is logged because the play's time goes faster than its disk."""
POLL = 2.0
"""Seconds after which the bot looks whether another process wrote into its file: there is none, and an hour is long."""
TOLD = ("error", "detail", "attempt", "outcome", "seconds")
"""What is written down of a log line beside its name."""
COUNTED = (
    *("parlour_turns_total", "parlour_errors_total", "parlour_model_retries_total", "parlour_platform_retries_total"),
    *("parlour_queue_turns", "parlour_store_up", "parlour_store_writable", "parlour_platform_served"),
)
"""Metrics that are written down when they moved."""
SERVED = ("discord", "telegram", "web")
USUAL = {"parlour_store_writable": 1.0, **{f'parlour_platform_served{{platform="{name}"}}': 1.0 for name in SERVED}}
"""What goes without saying."""


@dataclass
class Play:
    """What was said, read and logged, with the time since the play began."""

    clock: ManualClock | SystemClock = field(default_factory=ManualClock)
    entries: list[tuple[float, str, str]] = field(default_factory=list)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock.monotonic()

    def set_clock(self, seconds: float) -> None:
        """Forward or back."""
        assert isinstance(self.clock, ManualClock)
        self.clock.set(seconds)

    def restart(self) -> None:
        """What was so far does not belong to it."""
        self.began = self.clock.monotonic()
        self.entries.clear()

    def note(self, who: str, text: str) -> None:
        self.entries.append((self.clock.monotonic() - self.began, who, text))

    def lines(self) -> list[str]:
        """In order; what the log says again and again only once, with how often it did."""
        times: dict[tuple[str, str], int] = {}
        for _, who, text in self.entries:
            times[who, text] = times.get((who, text), 0) + 1
        found: list[str] = []
        said: set[str] = set()
        entries = sorted(self.entries, key=itemgetter(0))
        for number, (at, who, text) in enumerate(entries):
            if _grows(text, who, entries[number + 1 :]):
                continue
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
        """On the machine's own clock time passes by itself."""
        if isinstance(self.clock, ManualClock):
            await self.clock.advance(seconds)
        await asyncio.sleep(REAL if seconds < STRIDE else LONG_REAL)


def _grows(text: str, who: str, later: Sequence[tuple[float, str, str]]) -> bool:
    """Whether it is what there was so far of an answer."""
    after = next((said for _, speaker, said in later if speaker == who), "")
    return who == "parlour" and after != text and after.startswith(text)


def _spelt(at: float, who: str, text: str) -> Iterator[str]:
    minutes, seconds = divmod(int(at), 60)
    head = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}  {who:<9}"
    for line in wrapped(text):
        yield head + line
        head = " " * len(head)


class Telegram(TelegramServer):
    """Tells the play of every message of the bot to somebody with a name, and of each that is another one afterwards.
    Telegram's own clock goes right, whatever the bot's does."""

    name = "telegram"

    def __init__(self, play: Play) -> None:
        super().__init__(now=play.clock.monotonic if isinstance(play.clock, ManualClock) else play.clock.now)
        self.play = play
        self._told: dict[tuple[int, int], str] = {}
        self.revoked = False

    @property
    def settings(self) -> str:
        return f'token: "{TOKEN}", api_url: "{self.api_url}", drafts: off'

    async def _obey(self, ask: Ask) -> Any:
        if self.revoked:
            raise Refused(401, "Unauthorized")
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

    def revoke(self) -> None:
        """Takes the bot's token no more."""
        self.revoked = True
        self._break_off()

    def leave(self) -> None:
        """Takes no connection any more."""
        self.faults.append(Fault(lambda _method, _fields: True, "reset", 1 << 30))
        self._break_off()

    def _break_off(self) -> None:
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
            if told := warning(line, besides=OWN):
                self._play.note("log", told)
        return len(text)


def warning(line: str, besides: frozenset[str] = frozenset()) -> str:
    """What is written down of a line of the log; nothing of what is no news, or among *besides*."""
    event = json.loads(line)
    if event["level"] == "info" or event["event"] in besides:
        return ""
    return " ".join([event["level"], event["event"], *(f"{key}={event[key]}" for key in TOLD if event.get(key))])


@dataclass
class Operator:
    """Who looks at what a process on *port* says of itself."""

    play: Play
    port: int
    _before: dict[str, float] = field(default_factory=lambda: dict(USUAL))

    async def look(self) -> None:
        """The operator asks whether it is ready, and what moved since they last asked; when what is just ending is over."""
        await self.play.passes(1.0, STEP)
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
            await self.play.step(STEP / 10)
        return asking.result()


@dataclass
class Bot(Operator):
    """The running bot: *file* is its configuration."""

    file: Path = Path()

    def write(self, text: str) -> None:
        """Replaces the configuration, as editors do."""
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)


def _samples(body: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            if sample.name in COUNTED:
                labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


class Venue(Protocol):
    """A platform that people are on. name, settings: of it, in the configuration. connected: whether the bot listens."""

    name: str

    @property
    def settings(self) -> str: ...

    @property
    def connected(self) -> bool: ...


def configured(venue: Venue, port: int, store: str, more: str) -> str:
    """*more*: where the models are."""
    return f"store: {store}\n{more}\n{venue.name}: {{{venue.settings}}}\nweb: {{port: {port}}}\n"


@asynccontextmanager
async def bot(play: Play, venue: Venue, folder: Path, more: str, store: str = "") -> AsyncIterator[Bot]:
    """The whole bot. At the end of the block it is cancelled, as a killed process would stop."""
    port, file = free_port(), folder / "config.yaml"
    file.write_text(configured(venue, port, store or f"sqlite:///{folder}/parlour.db", more))
    with _owned(play):
        config = load(file, {})

        def told(line: str) -> None:
            play.note("stderr", line.replace(f"{folder}/", ""))

        serving = asyncio.create_task(wiring.serve(config, [venue.name, "web"], told, file), name="bot")
        try:
            while not venue.connected and not serving.done():
                await play.step(0.01)
            play.restart()
            yield Bot(play, port, file=file)
        finally:
            await cancelled(serving)


@contextmanager
def _owned(play: Play) -> Iterator[None]:
    """The bot's time, chance and log are the play's."""
    rarely = patch.object(wake, "POLL", POLL)
    with patch.object(wiring, "clock", lambda: play.clock), patch.object(wiring, "SystemChance", EvenChance), rarely:
        set_up(LogPolicy(format="json"), _Log(play))
        try:
            yield
        finally:
            logging.basicConfig(force=True)
            structlog.reset_defaults()

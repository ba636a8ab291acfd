"""A day of a bot on a clock that the test owns: what is asked is answered once, nothing grows but what is kept, and that as
computed. The short form runs in `make test`, the whole day in `make soak`; each prints its figures (``pytest -s``)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bots import wiring
from core.config import Config, parse_config
from core.domain import ConversationId
from core.stores.opening import open_store
from tests.support.clock import ManualClock
from tests.support.day import HOUR, TEXT, Day, Look, Town, measured, owned
from tests.support.servers import RedisServer

BEGIN = 1_799_971_200.0 + 20 * HOUR
"""20:00 UTC on a day in 2027: what is counted by the day begins anew meanwhile."""
RUNS = 8
"""Of the bot, one after the other; each second one is stopped whatever it is at."""
LEAST = 110
"""Bytes that Python takes to remember only a turn's name: a string of some 60, and its place in a dict."""
ROUNDED = 128 * 1024
"""Bytes by which caches and buffers may differ between two moments of rest."""
CONNECTIONS = 4
"""To the store, by which two moments of rest may differ: as many are open as were needed at once before."""
WITHIN = 0.3
"""How near what is taken comes to what was computed: pages and hash tables grow in steps."""


@dataclass(frozen=True)
class Kept:
    """What a store takes, as measured with questions of 240 and of 720 bytes. empty: bytes without anything in it. exchange:
    bytes of a question, its answer and everything that goes along, without the words; words: how often those are in it."""

    empty: int
    exchange: int
    words: float

    def bytes(self, exchanges: int) -> float:
        return self.empty + exchanges * (self.exchange + self.words * TEXT)


BY_BACKEND = {"sqlite": Kept(280_000, 1_900, 1.25), "redis": Kept(3_000_000, 1_600, 1.4)}


@dataclass(frozen=True)
class Place:
    """Where everything is kept: on the server, else in the file."""

    url: str
    file: Path
    server: RedisServer | None

    @property
    def size(self) -> int:
        """Bytes."""
        if self.server is None:
            return self.file.stat().st_size
        found = re.search(r"used_memory:(\d+)", self.server.command("INFO", "memory"))
        assert found
        return int(found[1])


@contextmanager
def a_place(backend: str, folder: Path) -> Iterator[Place]:
    file = folder / "parlour.db"
    if backend == "sqlite":
        yield Place(f"sqlite:///{file}", file, None)
    else:
        with RedisServer() as server:
            yield Place(server.url, file, server)


def configured(place: Place, ttl: float) -> Config:
    return parse_config(
        f"""
store: {place.url}
models: [{{id: echo, provider: scripted, price: {{input: 1, output: 4}}, extra_body: {{delay: 0.02}}}}]
inbox: {{lease: 10m}}
log: {{level: error}}
history: {{ttl: {ttl}s}}
limits: {{budget: {{user: {{day: 10}}, total: {{month: 1000}}}}, tokens: {{user: 1000000}}, messages: {{user: 600/1h}}}}
""",
        {},
    )


async def kept_by(place: Place, town: Town) -> int:
    """Exchanges that are kept, when nothing waits any more."""
    async with open_store(place.url, town.clock) as opened:
        depth = await opened.depth()
        assert (depth.queued, depth.running, depth.aside) == (0, 0, 0)
        return sum([len(await opened.messages(ConversationId(name))) // 2 for name in town.people])


def verify_that_nothing_grows(looks: Sequence[Look]) -> None:
    """The second half of the day against the first."""
    half, end = looks[RUNS // 2 - 1], looks[-1]
    assert end.memory - half.memory <= max(ROUNDED, LEAST * (end.turns - half.turns))
    first = looks[: RUNS // 2]
    assert end.tasks <= max(look.tasks for look in first)
    assert end.files <= max(look.files for look in first) + CONNECTIONS


@pytest.mark.parametrize("backend", BY_BACKEND)
@pytest.mark.parametrize(
    ("hours", "people", "busiest"),
    [pytest.param(2, 20, 60.0, id="short"), pytest.param(24, 100, 160.0, id="day", marks=pytest.mark.soak)],
)
async def test_a_day(
    backend: str, hours: int, people: int, busiest: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With *busiest* questions an hour in the evening; what was said a quarter of it ago is forgotten."""
    clock = ManualClock(BEGIN)
    owned(clock, monkeypatch)
    with a_place(backend, tmp_path) as place:
        config = configured(place, hours * HOUR / 4)
        wiring.log_to_stderr(config, quiet=True)
        town = Town(clock, people, random.Random(hours))
        day, looks, most = Day(config, town), [], 0
        with measured():
            for run in range(RUNS):
                is_last_half = run % 2 == 1
                looks.append(await day.run(hours * HOUR / RUNS, busiest, to_the_end=is_last_half))
                most = max(most, await kept_by(place, town)) if is_last_half else most
        for person in town.people.values():
            person.served()
        verify_that_nothing_grows(looks)
        computed = BY_BACKEND[backend]
        size = place.size
        print(  # noqa: T201  # the figures
            f"\n{backend}: {day.turns} questions in {hours} h, {town.penalties} penalties, {RUNS // 2} kills; "
            f"{size:,} bytes with {most} exchanges at most, computed {computed.bytes(most):,.0f} "
            f"to {computed.bytes(day.turns):,.0f}; memory {[look.memory for look in looks]}"
        )
        assert computed.bytes(most) * (1 - WITHIN) <= size <= computed.bytes(day.turns) * (1 + WITHIN)

"""A worker is killed with SIGKILL at a random moment of a turn; the next one must give exactly one whole answer.

In `make test` 200 runs per store, in `make soak` 2,000. The phases hit are printed (``pytest -s``, and `make soak`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from bots.shared.split import split
from core.clock import SystemClock
from core.domain import ConversationId, Encoding
from core.stores.opening import open_store
from tests.support.clock import until
from tests.support.fleet import Fleet, at_rest
from tests.support.platform import Platform
from tests.support.servers import redis_server
from tests.support.station import LENGTH, Orders

LEASE = 30.0
PHASES = (
    "put…",
    "put done",
    "claim…",
    "claim done",
    "answer_to…",
    "path done",
    "posted",
    "remember…",
    "remember done",
    "edited",
    "commit…",
    "commit done",
    "finish…",
    "finish done",
)
WORDS = "one two three four five six seven eight nine ten eleven twelve"


class Killings:
    """Kills the only station at a chosen phase, or a random few milliseconds after it."""

    def __init__(self, fleet: Fleet, platform: Platform, store: str, seed: int) -> None:
        self._fleet = fleet
        self._platform = platform
        self._store = store
        self._random = random.Random(seed)
        self._ahead = 0.0
        self._pid = 0
        self._target = ""
        self.hit: Counter[str] = Counter()
        platform.on_phase = self._on_phase

    def start(self) -> None:
        """The next station sees a clock by which the lease of the killed one has lapsed."""
        self._ahead += LEASE + 1
        self._pid = self._fleet.start(Orders(self._store, self._platform.port, LEASE, self._ahead, word_delay=0.001))

    async def run(self, number: int) -> tuple[str, str]:
        """One turn, one kill; gives the turn and the question. It ends with the turn: a longer one would else be killed
        by the next runs too, until it is given up on."""
        self._target = PHASES[number % len(PHASES)]
        victim, question = self._pid, question_number(number)
        turn = self._platform.say(f"test:{number % 7}", question, time.time() + self._ahead)
        await until(lambda: self._pid != victim)
        await until(lambda: [shown.text for shown in self._platform.answers_to(turn)] == shown_as(question))
        await at_rest(self._store)
        return turn, question

    def _on_phase(self, pid: int, name: str) -> None:
        if pid == self._pid and name == self._target:
            self._target = ""
            self.hit[name] += 1
            delay = self._random.choice((0.0, self._random.uniform(0, 0.02)))
            asyncio.get_running_loop().call_later(delay, self._replace, pid)

    def _replace(self, pid: int) -> None:
        self._fleet.kill(pid)
        self.start()


async def kept(store: str, conversations: int) -> list[str]:
    """The text of every kept message, conversation by conversation in the order of the path."""
    async with open_store(store, SystemClock()) as opened:
        texts = []
        for number in range(conversations):
            place = ConversationId(f"test:{number}")
            head = (await opened.conversation(place)).head
            texts += [message.text for message in await opened.path(place, head, Encoding.O200K, 1 << 60)]
        return texts


async def kill_runs(store: str, runs: int) -> None:
    with Fleet() as fleet:
        async with Platform() as platform:
            killings = Killings(fleet, platform, store, seed=runs)
            killings.start()
            asked = [await killings.run(number) for number in range(runs)]
    for turn, question in asked:
        assert [shown.text for shown in platform.answers_to(turn)] == shown_as(question)
    expected = []
    for conversation in range(7):
        for _, question in asked[conversation::7]:
            expected += [question, echo(question)]
    assert await kept(store, 7) == expected
    assert platform.unacknowledged == 0
    assert set(killings.hit) == set(PHASES)
    print(f"\n{store.split(':', maxsplit=1)[0]}: {runs} kills, {runs} answers, 0 lost, 0 doubled; {dict(killings.hit)}")  # noqa: T201  # the figure


RUNS = [200, pytest.param(2000, marks=pytest.mark.soak)]


@pytest.mark.parametrize("runs", RUNS)
async def test_a_killed_worker_costs_no_answer_on_sqlite(runs: int, tmp_path: Path) -> None:
    await kill_runs(f"sqlite:///{tmp_path}/parlour.db", runs)


@pytest.mark.parametrize("runs", RUNS)
async def test_a_killed_worker_costs_no_answer_on_redis(runs: int) -> None:
    async with redis_server() as url:
        await kill_runs(url, runs)


def question_number(number: int) -> str:
    """Every third one gets an answer of several messages."""
    return f"{number} {WORDS * (8 if number % 3 == 0 else 1)}"


def shown_as(question: str) -> list[str]:
    return split(echo(question), LENGTH)


def echo(text: str) -> str:
    return f"You said: {text}"

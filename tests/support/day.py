"""A day in a town whose people ask the bot: seldom at night, most in the evening; on a clock that the test owns."""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import math
import random
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from bots import wiring
from bots.shared.controls import Controls
from bots.shared.live_reply import LiveReply, Means
from bots.shared.pacing import Pacer, RateGate
from bots.shared.surface import Action, Deed, Limits, Page, Posted, Route, Slip
from core.config import Config
from core.domain import ConversationId, Incoming, PersonId, Ref, Sender, TextPart, Turn, TurnId
from core.errors import SurfaceUnavailable
from core.inbox.worker import Worker
from core.limits.rates import Rate
from core.llm.scripted import ScriptedModel
from core.ports import Claim, LanguageModel, Store
from tests.support.clock import ManualClock

LANE = "town"
HOUR = 3600.0
EVENING = 20.0
"""The hour, in UTC, when most is said; twelve hours later nearly nothing is."""
WORDS = 30
"""Of a question; the answer repeats it."""
TEXT = 2 * (8 * WORDS - 1) + len("You said: ")
"""Bytes of both."""
PENALTY = 0.02
"""The share of writes that the platform does not take for a while."""
FLOOD = 20.0
"""Seconds of that while."""
STEP = 0.5
"""Seconds that pass at once at most while somebody waits for an answer: stores take their own time to do what they do."""
CACHED = 200_000
"""Strings after which hardly any of the 16,384 places of that cache is free (`cache_strings` in pydantic's configuration)."""
PLENTY = Rate(1000.0, 1000.0)


def liveliness(moment: float) -> float:
    """Between 0.05 and 1, by the hour of the day."""
    hour = moment / HOUR % 24
    return 0.05 + 0.95 * (1 + math.cos((hour - EVENING) / 12 * math.pi)) / 2


@dataclass
class Person:
    """expected: the answer to the last question. shown: what became of it, by message."""

    name: str
    asked: int = 0
    expected: str = ""
    shown: dict[Ref, Page] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Until nobody writes any more."""
        return bool(self.expected) and not any(page.controls and not _is_growing(page) for page in self.shown.values())

    def served(self) -> None:
        """One message, with the one answer; it is forgotten then."""
        assert [page.text for page in self.shown.values()] == ([self.expected] if self.expected else [])
        self.shown.clear()
        self.expected = ""


def _is_growing(page: Page) -> bool:
    return any(control.action is Action.STOP for control in page.controls)


class Town:
    """`Replies` for its people: a platform that keeps of each only what they look at."""

    def __init__(self, clock: ManualClock, people: int, chance: random.Random) -> None:
        self.clock = clock
        self.chance = chance
        self.people = {f"town:{number}": Person(f"town:{number}") for number in range(people)}
        self.penalties = 0
        self._means: Means | None = None
        self._numbers = itertools.count()

    @asynccontextmanager
    async def opened(self, store: Store) -> AsyncIterator[None]:
        """For one run of the bot."""

        def gate() -> RateGate:
            return RateGate(PLENTY, self.clock.now())

        async with Pacer(self.clock, gate(), lambda _: gate()) as pacer:
            self._means = Means(pacer, self.clock, Controls(store))
            yield

    @asynccontextmanager
    async def open(self, turn: Turn, claim: Claim) -> AsyncIterator[LiveReply]:
        assert self._means is not None
        person = self.people[turn.incoming.conversation]
        async with LiveReply(Door(self, person), turn, claim, self._means) as reply:
            yield reply

    @property
    def somebody_waits(self) -> bool:
        return any(person.waits for person in self.people.values())

    async def ask(self, store: Store) -> None:
        """Somebody does who waits for nothing."""
        idle = [person for person in self.people.values() if not person.waits]
        if not idle:
            return
        person = self.chance.choice(idle)
        person.served()
        person.asked += 1
        text = " ".join(f"word{self.chance.randrange(1000):03}" for _ in range(WORDS))
        person.expected = f"You said: {text}"
        await store.put(
            Incoming(
                event_id=TurnId(f"{person.name}:{person.asked}"),
                conversation=ConversationId(person.name),
                lane=LANE,
                sender=Sender(PersonId(person.name), "Ada", "en"),
                parts=(TextPart(text),),
                sent_at=self.clock.now(),
            )
        )

    def new_ref(self) -> Ref:
        return Ref(f"town:{next(self._numbers)}")


class Door:
    """`Surface` of one person."""

    limits = Limits(2000)

    def __init__(self, town: Town, person: Person) -> None:
        self._town = town
        self._person = person

    def route(self, deed: Deed) -> Route:
        return Route(self._person.name, f"{deed} {self._person.name}")

    async def find(self, _nonce: str) -> Ref | None:
        return next(iter(self._person.shown), None)

    async def post(self, page: Page, _slip: Slip) -> Posted:
        self._knock()
        ref = self._town.new_ref()
        self._person.shown[ref] = page
        return Posted(ref)

    async def edit(self, ref: Ref, page: Page) -> None:
        self._knock()
        self._person.shown[ref] = page

    async def delete(self, ref: Ref) -> None:
        self._person.shown.pop(ref)

    async def typing(self) -> None:
        pass

    def _knock(self) -> None:
        if self._town.chance.random() < PENALTY:
            self._town.penalties += 1
            raise SurfaceUnavailable("429", retry_after=FLOOD)


@dataclass(frozen=True)
class Look:
    """How a process stands when nobody waits. memory: bytes of Python's objects."""

    turns: int
    memory: int
    tasks: int
    files: int


class Day:
    """The bot of *config*, run after run. turns: how many were asked."""

    def __init__(self, config: Config, town: Town) -> None:
        self._config = config
        self._town = town
        self._clock = town.clock

    @property
    def turns(self) -> int:
        return sum(person.asked for person in self._town.people.values())

    async def run(self, seconds: float, busiest: float, *, to_the_end: bool) -> Look:
        """One run of the bot, with *busiest* questions an hour in the evening. It is stopped when nobody waits any more; or,
        unless *to_the_end*, whatever it is at."""
        until = self._clock.now() + seconds
        async with wiring.house(self._config) as here, self._town.opened(here.store):
            worker = here.worker(frozenset({LANE}), self._town)
            working = asyncio.create_task(worker.run(), name="worker")
            while self._clock.now() < until:
                await self._pass(worker, self._until_next(busiest), until)
                await self._town.ask(here.store)
            while to_the_end and self._is_busy(worker):
                await self._step(STEP)
            look = self._look(here.models.get("echo"))
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        return look

    def _until_next(self, busiest: float) -> float:
        """Seconds until the next question."""
        return self._town.chance.expovariate(busiest * liveliness(self._clock.now()) / HOUR)

    async def _pass(self, worker: Worker, seconds: float, until: float) -> None:
        """Step by step where somebody waits, else at once: what would have rung meanwhile rings late."""
        end = min(self._clock.now() + seconds, until)
        while (left := end - self._clock.now()) > 0:
            if not self._is_busy(worker):
                self._clock.leap(max(0.0, left - STEP))
            await self._step(min(STEP, left))

    def _is_busy(self, worker: Worker) -> bool:
        return worker.busy > 0 or self._town.somebody_waits

    async def _step(self, seconds: float) -> None:
        await self._clock.advance(seconds)
        await asyncio.sleep(0.001)

    def _look(self, model: LanguageModel) -> Look:
        """What *model* was asked last it remembers for tests, and prompts are longest in the evening."""
        if isinstance(model, ScriptedModel):
            model.prompts.clear()
        gc.collect()
        memory, _ = tracemalloc.get_traced_memory()
        return Look(self.turns, memory, len(asyncio.all_tasks()), len(list(Path("/proc/self/fd").iterdir())))


@contextmanager
def measured() -> Iterator[None]:
    """The cache in which pydantic keeps short strings is full from the beginning: it only grows until then."""
    tracemalloc.start()
    TypeAdapter(list[str]).validate_json(json.dumps([f"town:{number}" for number in range(CACHED)]))
    try:
        yield
    finally:
        tracemalloc.stop()


def owned(clock: ManualClock, patch: Any) -> None:
    """Everything that is wired from now on lives by *clock*."""
    patch.setattr(wiring, "clock", lambda: clock)

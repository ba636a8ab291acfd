"""Waiting for a place at a provider that takes only so many calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from contextvars import Context
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from core.domain_limits import Queue
from core.errors import StoreError
from core.ports import Chance, Clock
from core.ports_limits import Places
from core.watching import Watch

LEASE = 15.0
"""Seconds after which a process that says nothing any more has lost its places."""
WORD = 2.0
"""Seconds without a word from a process after which who waits there is passed over, until it speaks again; the place in line
stays theirs."""
RENEWALS = 3
"""How often a place is renewed within that time."""
POLL = 0.25
"""Seconds between two looks whether other processes have left a place."""
PATIENCE = 3.0
"""Seconds after which who waits is told their number, and between two numbers that they are told."""

Tell = Callable[[int], bool]
"""Told the number in line whenever it is another one; where it says False, again after a while. Never waits, never fails."""


def nobody(number: int) -> bool:
    """`Tell` for who does not want to know."""
    del number
    return True


@dataclass(frozen=True, slots=True)
class Trade:
    """What a line works with."""

    clock: Clock
    chance: Chance
    watch: Watch


@dataclass(slots=True)
class _Guest:
    """since: Unix seconds by which its place in line is found. again: when it is told its number at the earliest
    (monotonic)."""

    since: float
    tell: Tell
    again: float
    told: int = 0
    entered: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def enter(self) -> None:
        if not self.entered.done():
            self.entered.set_result(None)

    def turn_away(self, problem: BaseException) -> None:
        if not self.entered.done():
            self.entered.set_exception(problem)

    def hear(self, number: int, now: float) -> None:
        if number != self.told and now >= self.again:
            self.again = now + PATIENCE
            if self.tell(number):
                self.told = number


class Line:
    """The line for one provider, as far as it stands in this process. One task speaks for all who stand in it, so that it
    costs the store one step however many wait; it runs while there is anybody."""

    def __init__(self, places: Places, queue: Queue, trade: Trade) -> None:
        self._places = places
        self._queue = queue
        self._clock, self._chance, self._watch = trade.clock, trade.chance, trade.watch
        self._waiting: dict[str, _Guest] = {}
        self._inside: set[str] = set()
        self._gone: set[str] = set()
        self._news = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def place(self, since: float, tell: Tell) -> AsyncIterator[None]:
        """The block begins when there is a place for who has waited *since* (Unix seconds), and keeps it. Raises
        StoreError."""
        key, guest = self._chance.name(), _Guest(since, tell, self._clock.monotonic() + PATIENCE)
        self._waiting[key] = guest
        self._call()
        try:
            await guest.entered
            yield
        finally:
            self._leave(key)

    def configure(self, queue: Queue) -> None:
        """This, from the next look on. Who is inside stays so."""
        self._queue = queue
        self._news.set()

    async def close(self) -> None:
        """Gives back all places; returns when the store knows it, or is away."""
        for key in (*self._waiting, *self._inside):
            self._leave(key)
        while self._serving is not None:
            await asyncio.wait({self._serving})

    def _leave(self, key: str) -> None:
        self._waiting.pop(key, None)
        self._inside.discard(key)
        self._gone.add(key)
        self._call()

    def _call(self) -> None:
        self._news.set()
        if self._serving is None:
            # In nobody's context: it speaks for all of them, and what it logs is not one turn's.
            name = f"line {self._queue.name}"
            self._serving = asyncio.create_task(self._serve(), name=name, context=Context())
            self._serving.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._serving = None
        if problem := None if task.cancelled() else task.exception():
            self._turn_away(problem)
        elif self._waiting or self._gone:  # since its last look
            self._call()

    async def _serve(self) -> None:
        while self._waiting or self._inside or self._gone:
            self._news.clear()
            try:
                await self._step()
            except StoreError as problem:
                self._turn_away(problem)
            self._watch.lined_up(self._queue.name, len(self._waiting), len(self._inside))
            await self._pause()

    async def _step(self) -> None:
        waiting = {key: guest.since for key, guest in self._waiting.items()}
        gone = frozenset(self._gone)
        numbers = await self._places.stand(self._queue, waiting, frozenset(self._inside), gone)
        self._gone -= gone
        now = self._clock.monotonic()
        for key, number in numbers.items():
            guest = self._waiting.get(key)
            if guest is not None and number:
                guest.hear(number, now)
            elif guest is not None:
                del self._waiting[key]
                self._inside.add(key)
                guest.enter()

    def _turn_away(self, problem: BaseException) -> None:
        """Who is inside goes on. What is not said now lapses by itself."""
        self._gone.clear()
        for guest in self._waiting.values():
            guest.turn_away(problem)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with self._clock.watchdog(POLL if self._waiting else self._queue.lease / RENEWALS):
                if self._waiting or self._inside:
                    await self._news.wait()


class OwnPlaces:
    """`Places` that no other process has a part in."""

    async def stand(
        self, queue: Queue, waiting: Mapping[str, float], inside: Collection[str], gone: Collection[str]
    ) -> Mapping[str, int]:
        del gone
        free = max(0, queue.most - len(inside))
        line = sorted(waiting, key=lambda key: (waiting[key], key))
        return {key: max(0, number - free) for number, key in enumerate(line, 1)}


class Lines:
    """``async with Lines(…)``: those of the providers that take only so many at once, by the ids of their models. When the
    block ends, all places are given back."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self._lines = lines

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        for line in set(self._lines.values()):
            await line.close()

    def __contains__(self, model: str) -> bool:
        """Whether there may be a wait before *model* is asked."""
        return model in self._lines

    def place(self, model: str, since: float, tell: Tell = nobody) -> AbstractAsyncContextManager[None]:
        """As `Line.place`; at once where the model's provider takes any number."""
        line = self._lines.get(model)
        return nullcontext() if line is None else line.place(since, tell)


NO_LINES = Lines({})


class SharedLines(Lines):
    """Those of a configuration that may change, with the places that all processes share. slots: how many calls the models
    get at once that run in this process, by their ids."""

    def __init__(self, places: Places, trade: Trade, slots: Mapping[str, int]) -> None:
        self._places = places
        self._trade = trade
        self._own = {model: Line(OwnPlaces(), Queue(model, most, LEASE, WORD), trade) for model, most in slots.items()}
        super().__init__(self._own)
        self._shared: dict[str, Line] = {}

    def configure(self, queues: Mapping[str, Queue]) -> None:
        """These, by the ids of models, from the next call on. Who stands in a line that is none any more comes to its end."""
        for queue in queues.values():
            line = self._shared.setdefault(queue.name, Line(self._places, queue, self._trade))
            line.configure(queue)
        self._lines = {model: self._shared[queue.name] for model, queue in queues.items()} | self._own

    async def close(self) -> None:
        for line in (*self._shared.values(), *self._own.values()):
            await line.close()

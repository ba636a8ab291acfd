"""When a bot may write: one `Pacer` for everything that it sends.

Somebody who wants to write asks for a permit, waits, and only then looks at what there is to say. So a draft that waits
is never queued twice and never stale: under load there are simply fewer of them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from bots.shared.surface import Route
from core.errors import SurfaceUnavailable
from core.limits.rates import Rate, full, take
from core.ports import Clock
from core.tasks import cancelled

TICK = 0.001
"""Seconds below which a wait is none: timers are no finer, and a bucket remembers what it is owed."""
SAME_WINDOW = 0.5
"""Seconds by which two announcements of one window's end may differ; the time that responses travel varies."""
MOST_GATES = 1000
"""Buckets after which those that are as good as new are forgotten."""


class Priority(IntEnum):
    """Who writes first."""

    FINAL = 0
    """What ends a turn: last edits, new messages of a whole answer, an error's sentence."""
    FIRST = 1
    """A new message for words that are still being written."""
    DRAFT = 2
    TYPING = 3


class Gate(Protocol):
    """One bucket of permits. It knows no clock: *now* is monotonic, in seconds. Every priority but FINAL leaves one
    permit over, so that last words never wait behind drafts.

    The bot-wide gate is handed to the pacer; one that draws its permits from a bucket shared by several processes is a
    `Gate` too."""

    def wait(self, now: float, priority: Priority) -> float:
        """Seconds until a permit may be there; infinite where only a response can tell."""

    def take(self, now: float) -> None: ...

    def settle(self) -> None:
        """The platform has answered, or will not any more, what a permit was taken for."""

    def idle(self, now: float) -> bool:
        """Nothing would be forgotten with this gate that matters."""


ONE_OVER = {Priority.FINAL: 0.0, Priority.FIRST: 1.0, Priority.DRAFT: 1.0, Priority.TYPING: 1.0}


class RateGate:
    """A rate known beforehand. left: permits that each priority leaves over. A burst below 2 has no permit to spare, so
    there drafts may delay last words."""

    def __init__(self, rate: Rate, now: float, left: Mapping[Priority, float] = ONE_OVER) -> None:
        self._rate = rate
        self._left = left
        self._bucket = full(rate, now)

    def wait(self, now: float, priority: Priority) -> float:
        _, seconds = take(self._bucket, self._rate, now, 1.0 + min(self._left[priority], self._rate.burst - 1.0))
        return seconds

    def take(self, now: float) -> None:
        self._bucket, _ = take(self._bucket, self._rate, now)

    def settle(self) -> None:
        """A rate counts what is sent, answered or not."""

    def idle(self, now: float) -> bool:
        bucket, _ = take(self._bucket, self._rate, now, 0.0)
        return bucket.level >= self._rate.burst


class WindowGate:
    """A counter that the platform announces with its responses: *limit* permits in a window of time, then a new window.
    Before the first announcement, and where none ever comes, one request at a time. Drafts are spread evenly over what
    is left of the window."""

    def __init__(self) -> None:
        self._limit = 0
        self._left = 0
        self._ends = -math.inf
        self._last = -math.inf
        self._in_flight = 0

    def announce(self, limit: int, left: int, reset_after: float, now: float) -> None:
        """What the response to a permit's request said: permits per window, permits left, seconds until the window
        ends. Requests still in flight may not be counted in it, so they are taken off."""
        ends = now + reset_after
        left = max(0, left - max(0, self._in_flight - 1))
        self._left = left if ends > self._ends + SAME_WINDOW else min(self._left, left)
        self._limit, self._ends = limit, max(self._ends, ends)

    def wait(self, now: float, priority: Priority) -> float:
        if not self._limit:
            return math.inf if self._in_flight else 0.0
        if self._free(now) <= min(_reserve(priority), self._limit - 1):
            return self._ends - now if now < self._ends else math.inf
        return self._spread(now) if priority >= Priority.DRAFT else 0.0

    def take(self, now: float) -> None:
        if now >= self._ends:
            self._left = self._limit - self._in_flight
        self._left -= 1
        self._last = now
        self._in_flight += 1

    def settle(self) -> None:
        self._in_flight -= 1

    def idle(self, now: float) -> bool:
        return not self._in_flight and now >= self._ends

    def _free(self, now: float) -> int:
        return self._left if now < self._ends else self._limit - self._in_flight

    def _spread(self, now: float) -> float:
        if now >= self._ends:
            return 0.0
        return max(0.0, self._last + (self._ends - self._last) / self._left - now)


def _reserve(priority: Priority) -> float:
    return 0.0 if priority is Priority.FINAL else 1.0


G = TypeVar("G", bound=Gate)


class Pacer(Generic[G]):
    """``async with Pacer(…) as pacer``: hands out permits until the block ends.

    overall: counts every write whose route says so. make_gate: the gate of a bucket (its name is given) that was not
    used before, or not lately. named: under which name a bucket is one with others, as far as that is known.
    """

    def __init__(
        self, clock: Clock, overall: Gate, make_gate: Callable[[str], G], named: Callable[[str], str] = str
    ) -> None:
        self._clock = clock
        self._overall = overall
        self._make_gate = make_gate
        self._named = named
        self._gates: dict[str, G] = {}
        self._penalties: dict[str | None, float] = {}
        self._queues: dict[Priority, dict[Permit, None]] = {priority: {} for priority in Priority}
        self._poked = asyncio.Event()
        self._due = math.inf
        self.on_penalty: Callable[[float], None] = lambda _seconds: None
        """Told for how many seconds, when a penalty begins or becomes longer."""
        self.on_refusal: Callable[[], None] = lambda: None
        """Told when a write failed that is tried again."""

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._run(), name="pacer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(self._serving)

    def permit(self, route: Route, priority: Priority) -> Permit:
        """``async with`` it: the block begins when one write to *route* may be made, and ends with the response.
        Beginning it raises SurfaceUnavailable when a penalty holds there or begins while it waits."""
        return Permit(self, route, priority)

    def gate(self, bucket: str) -> G:
        bucket = self._named(bucket)
        if bucket not in self._gates:
            self._forget_idle()
            self._gates[bucket] = self._make_gate(bucket)
        return self._gates[bucket]

    def penalise(self, chat: str | None, seconds: float) -> None:
        """Nothing is sent to *chat* (None: to no chat, where the bot-wide limit counts) for *seconds*. Whoever waits for
        a permit there is told now."""
        now = self._clock.monotonic()
        self._penalties = {place: until for place, until in self._penalties.items() if until > now}
        before = self._penalties.get(chat, now)
        self._penalties[chat] = max(now + seconds, before)
        if now + seconds > before + SAME_WINDOW:
            self.on_penalty(now + seconds - before)
        for permit in self._waiting():
            if (rest := self.penalty(permit.route)) > 0:
                permit.refuse(rest)

    def penalty(self, route: Route) -> float:
        """Seconds for which nothing may be sent there; 0 when it may."""
        places: list[str | None] = [route.chat, None] if route.overall else [route.chat]
        until = max(self._penalties.get(place, -math.inf) for place in places)
        return max(0.0, until - self._clock.monotonic())

    def enqueue(self, permit: Permit) -> None:
        """For `Permit`, as are the next two. Raises SurfaceUnavailable."""
        if (rest := self.penalty(permit.route)) > 0:
            raise _penalised(permit.route, rest)
        self._queues[permit.priority][permit] = None
        self.serve()

    def dequeue(self, permit: Permit) -> bool:
        """Whether it was waiting."""
        waiting = permit in self._queues[permit.priority]
        self._queues[permit.priority].pop(permit, None)
        return waiting

    def serve(self) -> None:
        """Hands out what can be handed out now, and has the rest looked at when that may have changed."""
        now = self._clock.monotonic()
        self._due = math.inf
        for priority in Priority:
            closed = self._overall.wait(now, priority)
            for permit in list(self._queues[priority]):
                wait = closed if permit.route.overall else 0.0
                if wait < TICK:
                    wait = self.gate(permit.route.bucket).wait(now, priority)
                if wait < TICK:
                    self._grant(permit, now)
                    closed = self._overall.wait(now, priority)
                else:
                    self._due = min(self._due, wait)
        self._poked.set()

    def _grant(self, permit: Permit, now: float) -> None:
        self.dequeue(permit)
        gates: list[Gate] = [self.gate(permit.route.bucket)]
        if permit.route.overall:
            gates.append(self._overall)
        for gate in gates:
            gate.take(now)
        permit.grant(gates)

    def _waiting(self) -> list[Permit]:
        return [permit for queue in self._queues.values() for permit in queue]

    async def _run(self) -> None:
        while True:
            self._poked.clear()
            with suppress(TimeoutError):
                async with self._clock.watchdog(self._due if self._due < math.inf else None):
                    await self._poked.wait()
                    continue
            self.serve()

    def _forget_idle(self) -> None:
        if len(self._gates) >= MOST_GATES:
            now = self._clock.monotonic()
            waited_for = {self._named(permit.route.bucket) for permit in self._waiting()}
            self._gates = {
                bucket: gate for bucket, gate in self._gates.items() if bucket in waited_for or not gate.idle(now)
            }


class Permit:
    """One write: waited for, made, answered. `Pacer.permit` makes it; it is used once."""

    def __init__(self, pacer: Pacer[Any], route: Route, priority: Priority) -> None:
        self._pacer = pacer
        self.route = route
        self.priority = priority
        self._gates: Sequence[Gate] = ()
        self._granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        self._pacer.enqueue(self)
        try:
            await self._granted
        except asyncio.CancelledError:
            self._pacer.dequeue(self)
            self._settle()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._settle()

    def hasten(self, priority: Priority) -> None:
        """What it is for has become more urgent."""
        waiting = self._pacer.dequeue(self)
        self.priority = min(self.priority, priority)
        if waiting:
            self._pacer.enqueue(self)

    def grant(self, gates: Sequence[Gate]) -> None:
        """For `Pacer`, as is the next one: permits of *gates* were taken."""
        self._gates = gates
        if not self._granted.done():
            self._granted.set_result(None)

    def refuse(self, seconds: float) -> None:
        self._pacer.dequeue(self)
        if not self._granted.done():
            self._granted.set_exception(_penalised(self.route, seconds))

    def _settle(self) -> None:
        if self._granted.done() and not self._granted.cancelled():
            self._granted.exception()  # looked at, or asyncio would report it as lost
        for gate in self._gates:
            gate.settle()
        self._pacer.serve()


def _penalised(route: Route, seconds: float) -> SurfaceUnavailable:
    return SurfaceUnavailable(f"{route.chat} takes nothing for {seconds:.1f} s", retry_after=seconds)

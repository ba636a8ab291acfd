"""The worker: claims turns, holds them, has them answered, finishes them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import structlog

from core.conversations.service import Conversations
from core.domain import Turn
from core.errors import GaveUp, LeaseLost, ParlourError, StoreError, SurfaceClosed, SurfaceUnavailable
from core.inbox.leases import Hold, Lease
from core.inbox.timing import TimedReply
from core.limits.rates import backoff
from core.limits.repeats import Repeats
from core.ports import Chance, Clock, Inbox, Outcome, Replies
from core.tasks import cancelled
from core.watching import UNWATCHED, Ending, Phase, Watch

log = structlog.get_logger(__name__)

POLL = 1.0
"""Seconds after which the inbox is looked at even if nothing was heard of it."""
MOST_CLAIMS = 128
"""Turns claimed at once at most."""
LONGEST_PAUSE = 60.0
"""Seconds between two attempts of one turn at most, unless the platform asks for more."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """lanes: which turns are claimed. concurrency: turns answered at once. lease, drain: seconds; drain is how long
    running answers may take to end at shutdown."""

    lanes: frozenset[str]
    concurrency: int = 1000
    lease: float = 30.0
    drain: float = 20.0
    max_attempts: int = 5


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a worker works with."""

    inbox: Inbox
    conversations: Conversations
    replies: Replies
    clock: Clock
    chance: Chance
    watch: Watch = UNWATCHED


class Worker:
    """``await worker.run()`` works until `drain` is called. Cancelling `run` leaves every held turn to be resumed."""

    def __init__(self, place: Workplace, settings: WorkerSettings) -> None:
        self._place = place
        self._inbox = place.inbox
        self._settings = settings
        self._watch = place.watch
        self._running: set[asyncio.Task[None]] = set()
        self._draining = asyncio.Event()
        self._store_away = 0
        self._postponed: defaultdict[str, Repeats] = defaultdict(Repeats)
        """By lane, since a turn of it could be ended."""

    def drain(self) -> None:
        """Claims no more; `run` returns when the running answers have ended, or have been left after the drain time."""
        self._draining.set()

    @property
    def busy(self) -> int:
        """Turns being answered now."""
        return len(self._running)

    async def run(self) -> None:
        try:
            await self._work()
            await self._end()
        finally:
            await self._leave()

    async def _work(self) -> None:
        draining = asyncio.create_task(self._draining.wait(), name="worker draining")
        try:
            while not self._draining.is_set():
                await self._fill()
                await self._hear({draining})
        finally:
            await cancelled(draining)

    async def _fill(self) -> None:
        """Claims until nothing is claimable or the worker is full: one turn at first, then as many at once as there were
        so far, since hundreds of people may have asked while one claim was under way."""
        claimed = 0
        while (room := self._settings.concurrency - len(self._running)) > 0 and not self._draining.is_set():
            wanted = min(max(1, claimed), MOST_CLAIMS, room)
            found = await asyncio.gather(*(self._claim() for _ in range(wanted)))
            claimed += sum(found)
            if not all(found):
                return

    async def _claim(self) -> bool:
        """Whether there was a turn to be claimed."""
        lease = Lease(self._settings.lease, self._place.clock.monotonic())
        try:
            turn = await self._inbox.claim(self._settings.lanes, lease.seconds)
        except StoreError as problem:
            await self._sit_out(problem)
            return False
        self._store_away = 0
        if turn is not None:
            self._begin(turn, lease)
        return turn is not None

    def _begin(self, turn: Turn, lease: Lease) -> None:
        if turn.attempt == 1:
            waited = max(0.0, self._place.clock.now() - turn.incoming.sent_at)  # clocks differ
            self._watch.waited(turn.incoming.lane, Phase.QUEUED, waited)
        task = asyncio.create_task(self._hold(turn, lease), name=f"turn {turn.id}")
        self._running.add(task)
        self._watch.opened("turns", 1)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._watch.opened("turns", -1)

    async def _sit_out(self, problem: StoreError) -> None:
        self._store_away += 1
        if self._store_away == 1:
            log.warning("store.away", detail=str(problem))
        await self._place.clock.sleep(self._pause(min(self._store_away, 3)))

    async def _end(self) -> None:
        """Lets running answers end, still hearing /stop."""
        try:
            async with self._place.clock.watchdog(self._settings.drain):
                while self._running:
                    await self._hear(self._running)
        except TimeoutError:
            log.warning("worker.left", turns=len(self._running))

    async def _leave(self) -> None:
        tasks = list(self._running)
        for task in tasks:
            task.cancel("the worker leaves")
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, others: Collection[asyncio.Task[Any]]) -> None:
        """Returns when the inbox has news or one of *others* is done; passes on who said /stop."""
        waiting = asyncio.create_task(self._inbox.wait(POLL), name="worker waiting")
        try:
            await asyncio.wait({waiting, *others}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                for turn in waiting.result():
                    self._place.conversations.stop(turn)
        finally:
            await cancelled(waiting)

    async def _hold(self, turn: Turn, lease: Lease) -> None:
        """One claimed turn. The outermost loop: whatever happens in a turn stays in it."""
        named = structlog.contextvars.bound_contextvars(turn=turn.id, conversation=turn.incoming.conversation)
        with named, self._watch.turn(turn):
            log.info("turn.claimed", attempt=turn.attempt)
            try:
                await self._answer(turn, lease)
            except LeaseLost:
                log.warning("turn.lost")
                self._tell(turn, Ending.LOST)
            except SurfaceUnavailable as problem:
                await self._postpone(turn, problem.retry_after or self._pause(turn.attempt), problem)
            except StoreError as problem:
                await self._postpone(turn, self._pause(1), problem)
            except asyncio.CancelledError:
                await self._give_back(turn, 0.0, spent=False, once=True)
                raise
            except Exception:
                log.exception("turn.broke")
                self._tell(turn, Ending.BROKEN)
                await self._give_back(turn, self._pause(turn.attempt), spent=True)

    async def _postpone(self, turn: Turn, seconds: float, problem: ParlourError) -> None:
        self._postponed[turn.incoming.lane].warn(log, "turn.postponed", detail=str(problem))
        self._tell(turn, Ending.POSTPONED)
        await self._give_back(turn, seconds, spent=False)

    async def _answer(self, turn: Turn, lease: Lease) -> None:
        clock, conversations = self._place.clock, self._place.conversations
        spent = turn.attempt - 1
        async with Hold(self._inbox, turn, lease, clock, lambda: conversations.stop(turn.id)) as hold:
            if spent < self._settings.max_attempts:
                await self._finish(turn, hold)
                return
            if spent == self._settings.max_attempts:
                async with self._place.replies.open(turn, hold) as reply:
                    await reply.fail(GaveUp())
            # One attempt more than max_attempts was for telling the user; where even that broke, the turn goes untold.
            hold.release()
            await self._inbox.set_aside(turn, f"no answer after {spent} attempts")
            log.error("turn.set_aside", attempts=spent)
            self._tell(turn, Ending.SET_ASIDE)

    async def _finish(self, turn: Turn, hold: Hold) -> None:
        """The turn is over before its reply is closed: who waits for that finds in the store how it ended."""
        try:
            async with self._place.replies.open(turn, hold) as reply:
                timed = TimedReply(reply, turn.incoming.lane, self._place.clock, self._watch)
                await self._end_as(turn, await self._place.conversations.answer(turn, timed), hold)
        except SurfaceClosed as problem:
            log.warning("turn.refused", detail=str(problem))
            await self._end_as(turn, await self._place.conversations.outcome(turn), hold)

    async def _end_as(self, turn: Turn, outcome: Outcome, hold: Hold) -> None:
        hold.release()
        await self._inbox.finish(turn, outcome)
        log.info("turn.finished", outcome=outcome.value)
        self._postponed.pop(turn.incoming.lane, None)
        self._tell(turn, Ending(outcome.value))

    def _tell(self, turn: Turn, ending: Ending) -> None:
        self._watch.ended(turn.incoming.lane, ending)

    async def _give_back(self, turn: Turn, seconds: float, *, spent: bool, once: bool = False) -> None:
        """Gives the claim back, waiting for a store that is away: a lapsing lease would cost an attempt."""
        attempt = 0
        while True:
            attempt += 1
            try:
                await self._inbox.postpone(turn, seconds, spent=spent)
            except LeaseLost:
                return
            except StoreError:
                if once:
                    return
                await self._place.clock.sleep(self._pause(attempt))
            else:
                return

    def _pause(self, attempt: int) -> float:
        return backoff(attempt, 1.0, LONGEST_PAUSE, self._place.chance.unit())

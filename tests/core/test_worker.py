"""The worker: claims, holds, answers, finishes; and what it does when something is away, broken or told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.domain import NO_USAGE, Answer, ConversationId, Finish, Incoming, Turn, TurnId, answer_id
from core.errors import (
    ChatError,
    ContentRefused,
    GaveUp,
    LeaseLost,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    SurfaceClosed,
    SurfaceUnavailable,
)
from core.inbox.leases import Hold, Lease
from core.inbox.worker import Worker, WorkerSettings, Workplace
from core.llm.scripted import Script, spoken
from core.ports import Claim, Reply
from tests.support.bot import CHAT, LANE, LEASE, Bot, open_bot
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock


@dataclass
class Wall:
    """`Replies` that note what became visible; *trouble* is raised instead while it is set. closing: called when a reply
    is closed."""

    shown: dict[TurnId, str] = field(default_factory=dict)
    problems: dict[TurnId, ChatError] = field(default_factory=dict)
    drafts: dict[TurnId, str] = field(default_factory=dict)
    trouble: Exception | None = None
    closing: Callable[[], Awaitable[None]] | None = None

    @asynccontextmanager
    async def open(self, turn: Turn, claim: Claim) -> AsyncIterator[Reply]:
        yield WallReply(self, turn, claim)
        if self.closing:
            await self.closing()


@dataclass
class WallReply:
    wall: Wall
    turn: Turn
    claim: Claim

    def draft(self, text: str) -> None:
        self.wall.drafts[self.turn.id] = text

    def wait(self, place: int) -> bool:
        """Nobody waits here."""
        del place
        return True

    async def finish(self, answer: Answer) -> None:
        self._write()
        self.wall.shown[self.turn.id] = answer.text

    async def fail(self, problem: ChatError) -> None:
        self._write()
        self.wall.problems[self.turn.id] = problem

    def _write(self) -> None:
        if self.wall.trouble:
            raise self.wall.trouble
        self.claim.check()


@dataclass
class Unreliable:
    """A step of the store that finds it in *trouble* a few times."""

    real: Callable[..., Awaitable[Any]]
    failures: int
    trouble: type[StoreError] = StoreUnavailable

    async def __call__(self, *args: object) -> Any:
        if self.failures:
            self.failures -= 1
            raise self.trouble
        return await self.real(*args)


@dataclass
class Office:
    """A bot with a worker that runs."""

    bot: Bot
    clock: ManualClock
    wall: Wall
    worker: Worker
    running: asyncio.Task[None]

    async def ask(self, text: str) -> Incoming:
        incoming = self.bot.incoming(text)
        await self.bot.store.put(incoming)
        return incoming

    async def passing(self, condition: Callable[[], bool]) -> None:
        """Lets time pass, a quarter of a second at a time, until *condition* holds."""
        for _ in range(4000):
            if condition():
                return
            await self.clock.advance(0.25)
            await self.bot.store.probe()  # by then it has done what it was asked before, however busy the machine is
        raise AssertionError("the condition never came true")


@asynccontextmanager
async def office(folder: Path, **settings: float) -> AsyncIterator[Office]:
    clock, wall = ManualClock(), Wall()
    async with open_bot(folder, clock) as bot:
        place = Workplace(bot.store, bot.conversations, wall, clock, EvenChance())
        worker = Worker(place, WorkerSettings(frozenset({LANE}), lease=LEASE, **settings))  # type: ignore[arg-type]  # ints
        running = asyncio.create_task(worker.run())
        try:
            yield Office(bot, clock, wall, worker, running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_turns_of_a_conversation_are_answered_in_the_order_they_came(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        asked = [await here.ask(text) for text in ("One", "Two", "Three")]
        await here.passing(lambda: len(here.wall.shown) == 3)
        assert list(here.wall.shown) == [incoming.event_id for incoming in asked]
        assert (await here.bot.context())[::2] == ["One", "Two", "Three"]


async def test_a_turn_that_is_over_is_not_lost_while_its_reply_takes_long_to_close(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        closed: list[float] = []

        async def linger() -> None:
            await here.clock.sleep(LEASE)
            closed.append(here.clock.now())

        here.wall.closing = linger
        with capture_logs() as lines:
            await here.ask("Hi")
            await here.passing(lambda: bool(closed))
        assert "turn.finished" in [line["event"] for line in lines]
        assert not [line for line in lines if line["log_level"] != "info"]


async def test_who_waits_for_a_reply_to_close_finds_what_failed(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        found: list[Incoming | None] = []

        async def look() -> None:
            found.append((await here.bot.store.conversation(CHAT)).failed)

        here.wall.closing = look
        here.bot.models.get("").scripts.append(Script(refusal=ContentRefused()))
        asked = await here.ask("Hi")
        await here.passing(lambda: bool(found))
        assert found[0] is not None
        assert found[0].event_id == asked.event_id


async def test_a_platform_that_cannot_be_written_to_delays_and_costs_no_attempt(tmp_path: Path) -> None:
    async with office(tmp_path, max_attempts=2) as here:
        here.wall.trouble = SurfaceUnavailable("flood", retry_after=90.0)
        asked, start = await here.ask("Hello"), here.clock.now()
        await here.passing(lambda: here.clock.now() > start + 600)
        here.wall.trouble = None
        await here.passing(lambda: asked.event_id in here.wall.shown)
        assert len(here.bot.models.get("").prompts) == 1


async def test_a_platform_that_stays_away_does_not_fill_the_log(tmp_path: Path) -> None:
    with capture_logs() as logged:
        async with office(tmp_path) as here:
            here.wall.trouble = SurfaceUnavailable("502", retry_after=1.0)
            await here.ask("Hello")
            await here.passing(lambda: sum(line["event"] == "turn.postponed" for line in logged) == 64)
    told = [line["times"] for line in logged if line["event"] == "turn.postponed" and line["log_level"] == "warning"]
    assert told == [1, 2, 4, 8, 16, 32, 64]


@pytest.mark.parametrize("answered", [True, False])
async def test_a_platform_that_takes_nothing_there_any_more_ends_the_turn(answered: bool, tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.wall.trouble = SurfaceClosed("no permission")
        model = here.bot.models.get("")
        model.scripts.append(spoken("Hello.") if answered else Script(refusal=ContentRefused()))
        asked = await here.ask("Hi")
        await here.passing(lambda: here.worker.busy == 0 and bool(model.prompts))
        depth = await here.bot.store.depth()
        assert (depth.queued, depth.running, depth.aside) == (0, 0, 0)
        assert (await here.bot.store.conversation(asked.conversation)).failed == (None if answered else asked)


@pytest.mark.parametrize("trouble", [StoreUnavailable, StoreFull, StoreReadOnly])
async def test_an_answer_waits_for_a_store_that_cannot_keep_it_and_is_not_asked_for_twice(
    trouble: type[StoreError], tmp_path: Path
) -> None:
    async with office(tmp_path) as here:
        store: Any = here.bot.store
        commits = store.commit = Unreliable(store.commit, 4, trouble)
        asked = await here.ask("Hello")
        await here.passing(lambda: asked.event_id in here.wall.shown)
        assert commits.failures == 0
        assert len(here.bot.models.get("").prompts) == 1
        assert await here.bot.context() == ["Hello", "You said: Hello"]


async def test_a_store_away_for_longer_than_the_lease_costs_no_attempt(tmp_path: Path) -> None:
    async with office(tmp_path, max_attempts=1) as here:
        store: Any = here.bot.store
        commit, renew = store.commit, store.renew
        store.commit, store.renew = Unreliable(commit, failures=1000), Unreliable(renew, failures=1000)
        asked, start = await here.ask("Hello"), here.clock.now()
        await here.passing(lambda: here.clock.now() > start + LEASE)
        store.commit, store.renew = commit, renew
        await here.passing(lambda: asked.event_id in here.wall.shown)
        assert len(here.bot.models.get("").prompts) > 1
        assert await here.bot.context() == ["Hello", "You said: Hello"]


async def test_a_turn_that_keeps_breaking_is_set_aside_with_a_message_and_the_next_one_goes_on(tmp_path: Path) -> None:
    async with office(tmp_path, max_attempts=3) as here:
        here.bot.models.get("").scripts.extend([broken() for _ in range(3)])
        asked = await here.ask("Break")
        await here.passing(lambda: asked.event_id in here.wall.problems)
        assert isinstance(here.wall.problems[asked.event_id], GaveUp)
        following = await here.ask("Go on")
        await here.passing(lambda: following.event_id in here.wall.shown)
        (aside,) = await here.bot.store.aside()
        assert (aside.turn, aside.attempts) == (asked.event_id, 4)


async def test_a_defect_that_looks_like_time_that_is_up_is_not_taken_for_a_stop(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.bot.models.get("").scripts.append(broken(TimeoutError("a socket's")))
        asked = await here.ask("Hello")
        await here.passing(lambda: asked.event_id in here.wall.shown)
        assert here.wall.shown[asked.event_id] == "You said: Hello"


async def test_what_was_set_aside_is_answered_when_an_operator_says_so(tmp_path: Path) -> None:
    async with office(tmp_path, max_attempts=1) as here:
        here.bot.models.get("").scripts.append(broken())
        asked = await here.ask("Break")
        await here.passing(lambda: asked.event_id in here.wall.problems)
        await here.passing(lambda: not here.worker.busy)
        here.clock.leap(7 * 86_400)  # nobody is told that the bot was away
        assert await here.bot.store.requeue(asked.event_id)
        await here.passing(lambda: asked.event_id in here.wall.shown)


async def test_even_a_broken_platform_does_not_keep_a_broken_turn_for_ever(tmp_path: Path) -> None:
    async with office(tmp_path, max_attempts=1) as here:
        here.wall.trouble = RuntimeError("a defect in the adapter")
        await here.ask("Hello")
        asides = 0
        for _ in range(400):
            await here.clock.advance(5.0)
            await asyncio.sleep(0.001)
            asides = (await here.bot.store.depth()).aside
        assert asides == 1


async def test_stop_reaches_the_worker_through_the_store(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.bot.models.get("").scripts.append(spoken("One two three four five six", delay=5.0))
        asked = await here.ask("Count")
        await here.passing(lambda: here.wall.drafts.get(asked.event_id) == "One two")
        assert (await here.bot.run("/stop")).text
        await here.passing(lambda: asked.event_id in here.wall.shown)
        assert here.wall.shown[asked.event_id].startswith("One two")
        assert here.wall.shown[asked.event_id] != "One two three four five six"


async def test_draining_lets_running_answers_end_and_claims_no_more(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.bot.models.get("").scripts.append(spoken("One two three", delay=1.0))
        asked = await here.ask("Count")
        await here.passing(lambda: asked.event_id in here.wall.drafts)
        here.worker.drain()
        late = await here.ask("Too late")
        await here.passing(here.running.done)
        assert here.wall.shown == {asked.event_id: "One two three"}
        assert late.event_id not in here.wall.drafts


async def test_what_is_still_being_written_after_the_drain_time_is_left_for_the_next_worker(tmp_path: Path) -> None:
    async with office(tmp_path, drain=20.0) as here:
        here.bot.models.get("").scripts.append(spoken("One two three", delay=15.0))
        asked = await here.ask("Count")
        await here.passing(lambda: asked.event_id in here.wall.drafts)
        here.worker.drain()
        await here.passing(here.running.done)
        assert here.wall.shown == {}
        resumed = await here.bot.store.claim([LANE], LEASE)
        assert resumed is not None
        assert (resumed.id, resumed.attempt) == (asked.event_id, 1)


@pytest.mark.parametrize("concurrency", [1, 3, 7])
async def test_no_more_turns_are_answered_at_once_than_configured(tmp_path: Path, concurrency: int) -> None:
    """However many are claimed in one go."""
    async with office(tmp_path, concurrency=concurrency) as here:
        here.bot.models.get("").scripts.extend([spoken("slow", delay=30.0)] * 10)
        for number in range(10):
            await here.bot.store.put(replace(here.bot.incoming("Hello"), conversation=ConversationId(f"test:{number}")))
        await here.passing(lambda: here.worker.busy == concurrency)
        await here.clock.advance(10.0)
        assert here.worker.busy == concurrency


async def test_a_lease_is_renewed_for_as_long_as_an_answer_takes(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.bot.models.get("").scripts.append(spoken("One two three", delay=LEASE * 2))
        asked = await here.ask("Slowly")
        await here.passing(lambda: asked.event_id in here.wall.shown)
        assert len(here.bot.models.get("").prompts) == 1


async def test_a_process_that_was_paused_for_longer_than_its_lease_writes_nothing(tmp_path: Path) -> None:
    clock, wall = ManualClock(), Wall()
    async with open_bot(tmp_path, clock) as bot:
        turn = await held(bot)

        async def answer_after_a_pause(hold: Claim) -> None:
            clock.leap(LEASE + 1)
            await WallReply(wall, turn, hold).finish(Answer(answer_id(turn.id), "late", "", Finish.STOP, NO_USAGE))

        with pytest.raises(LeaseLost):
            await holding(bot, turn, answer_after_a_pause)
        assert wall.shown == {}


async def test_who_lost_the_lease_is_stopped_in_the_middle_of_the_answer(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_bot(tmp_path, clock) as bot:
        turn = await held(bot)
        clock.leap(LEASE + 1)
        assert (await held(bot)).id == turn.id
        clock.leap(-LEASE - 1)

        async def answer_for_ever(_: Claim) -> None:
            await clock.sleep(1000.0)

        answering = asyncio.create_task(holding(bot, turn, answer_for_ever))
        while not answering.done():
            await clock.advance(1.0)
            await asyncio.sleep(0.002)
        assert isinstance(answering.exception(), LeaseLost)
        assert clock.monotonic() < 1_800_000_000.0 + LEASE


async def held(bot: Bot) -> Turn:
    """The conversation's turn, claimed; the first call asks."""
    await bot.store.put(replace(bot.incoming("Hello"), event_id=TurnId("test:held")))
    turn = await bot.store.claim([LANE], LEASE)
    assert turn is not None
    return turn


async def holding(bot: Bot, turn: Turn, work: Callable[[Claim], Awaitable[None]]) -> None:
    async with Hold(bot.store, turn, Lease(LEASE, bot.clock.monotonic()), bot.clock, lambda: None) as hold:
        await work(hold)


def broken(defect: Exception | None = None) -> Script:
    """A *defect* in the middle of an answer, which no error of ours foresees."""
    return Script(("One",), error=defect or RuntimeError("a defect"))  # type: ignore[arg-type]  # that is what a defect is

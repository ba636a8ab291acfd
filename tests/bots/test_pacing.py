"""When a bot may write: never more than the platform allows, the most urgent first, and nobody behind somebody else's
penalty."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.shared.controls import Controls
from bots.shared.live_reply import LiveReply, Means
from bots.shared.pacing import MOST_GATES, Pacer, Priority, RateGate, WindowGate
from bots.shared.surface import Route
from core.domain import Answer, Finish, TurnId, Usage, answer_id
from core.errors import SurfaceUnavailable
from core.limits.rates import Rate
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.support.board import Board, BoardSurface, Held, Request, turn_of
from tests.support.clock import ManualClock, settle

DISCORD = Rate(45.0, 5.0)
"""Never more than 50 in any second: the burst and a second's refill."""
PLENTY = Rate(1000.0, 1000.0)


def route(chat: str = "chat", *, overall: bool = True) -> Route:
    return Route(chat, f"edit {chat}", overall)


def pacer_with(
    clock: ManualClock, overall: Rate, bucket: Rate = PLENTY
) -> AbstractAsyncContextManager[Pacer[RateGate]]:
    return Pacer(clock, RateGate(overall, clock.now()), lambda _: RateGate(bucket, clock.now()))


class Writers:
    """People at the pacer, and the order in which they wrote."""

    def __init__(self, pacer: Pacer[RateGate], clock: ManualClock) -> None:
        self.pacer = pacer
        self.clock = clock
        self.wrote: list[tuple[float, str]] = []
        self.refused: list[str] = []
        self._start = clock.now()
        self._tasks: list[asyncio.Task[None]] = []

    def come(self, name: str, priority: Priority, where: Route | None = None) -> None:
        self._tasks.append(asyncio.create_task(self._write(name, priority, where or route(name))))

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def order(self) -> list[str]:
        return [name for _, name in self.wrote]

    async def _write(self, name: str, priority: Priority, where: Route) -> None:
        try:
            async with self.pacer.permit(where, priority):
                self.wrote.append((self.clock.now() - self._start, name))
        except SurfaceUnavailable:
            self.refused.append(name)


@asynccontextmanager
async def writers(clock: ManualClock, overall: Rate, bucket: Rate = PLENTY) -> AsyncIterator[Writers]:
    async with pacer_with(clock, overall, bucket) as pacer:
        people = Writers(pacer, clock)
        yield people
        await people.leave()


async def test_nobody_waits_while_there_are_permits(clock: ManualClock) -> None:
    async with writers(clock, DISCORD) as people:
        for name in "abcd":
            people.come(name, Priority.DRAFT)
        await settle()
        assert people.wrote == [(0.0, name) for name in "abcd"]


async def test_the_most_urgent_writes_first_and_equals_in_the_order_they_came(clock: ManualClock) -> None:
    async with writers(clock, Rate(1.0, 2.0)) as people:
        people.come("first", Priority.FINAL)
        people.come("second", Priority.FINAL)
        await settle()
        for name, priority in (
            ("typing", Priority.TYPING),
            ("draft", Priority.DRAFT),
            ("words", Priority.FIRST),
            ("last 1", Priority.FINAL),
            ("last 2", Priority.FINAL),
        ):
            people.come(name, priority)
        await clock.advance(60.0)
        assert people.order == ["first", "second", "last 1", "last 2", "words", "draft", "typing"]


async def test_drafts_leave_a_permit_for_last_words(clock: ManualClock) -> None:
    async with writers(clock, PLENTY, Rate(1.0, 3.0)) as people:
        for number in range(3):
            people.come(f"draft {number}", Priority.DRAFT, route())
        await settle()
        people.come("last", Priority.FINAL, route())
        await settle()
        assert people.wrote == [(0.0, "draft 0"), (0.0, "draft 1"), (0.0, "last")]
        await clock.advance(3.0)
        assert people.order[-1] == "draft 2"


async def test_a_chat_that_waits_delays_no_other(clock: ManualClock) -> None:
    async with writers(clock, PLENTY, Rate(0.01, 1.0)) as people:
        for name in ("a 1", "a 2", "a 3"):
            people.come(name, Priority.FINAL, route("a"))
        people.come("b", Priority.DRAFT, route("b"))
        await settle()
        assert people.order == ["a 1", "b"]


async def test_a_penalty_of_minutes_holds_one_chat_and_no_other(clock: ManualClock) -> None:
    async with writers(clock, PLENTY, Rate(1.0, 1.0)) as people:
        people.come("a 1", Priority.FINAL, route("a"))
        people.come("a 2", Priority.FINAL, route("a"))
        await settle()
        people.pacer.penalise("a", 300.0)
        people.come("a 3", Priority.FINAL, route("a"))
        people.come("b", Priority.TYPING, route("b"))
        await settle()
        assert (people.order, people.refused) == (["a 1", "b"], ["a 2", "a 3"])
        assert people.pacer.penalty(route("a")) == pytest.approx(300.0)
        await clock.advance(301.0)
        people.come("a 4", Priority.FINAL, route("a"))
        await settle()
        assert people.order[-1] == "a 4"


async def test_a_penalty_for_the_bot_holds_all_that_the_limit_counts(clock: ManualClock) -> None:
    async with writers(clock, PLENTY) as people:
        people.pacer.penalise(None, 60.0)
        people.pacer.penalise(None, 1.0)  # a shorter one takes nothing away
        people.come("message", Priority.FINAL)
        people.come("interaction", Priority.FINAL, route("b", overall=False))
        await settle()
        assert (people.order, people.refused) == (["interaction"], ["message"])
        assert people.pacer.penalty(route("anywhere")) == pytest.approx(60.0)


async def test_what_has_become_urgent_is_served_as_such(clock: ManualClock) -> None:
    async with pacer_with(clock, Rate(0.01, 1.0)) as pacer:
        async with pacer.permit(route(), Priority.FINAL):
            pass
        permit = pacer.permit(route(), Priority.DRAFT)
        served: list[str] = []

        async def write(name: str, permit_: AbstractAsyncContextManager[object]) -> None:
            async with permit_:
                served.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(write("draft", permit))
            group.create_task(write("other", pacer.permit(route(), Priority.FIRST)))
            await settle()
            permit.hasten(Priority.FINAL)
            await clock.advance(300.0)
        assert served == ["draft", "other"]


async def test_who_leaves_the_queue_takes_no_permit_with_them(clock: ManualClock) -> None:
    async with pacer_with(clock, Rate(1.0, 1.0)) as pacer:
        people = Writers(pacer, clock)
        people.come("writes", Priority.FINAL)
        people.come("gives up", Priority.FINAL)
        await settle()
        await people.leave()
        people.come("comes later", Priority.FINAL)
        await clock.advance(1.0)
        assert people.wrote == [(0.0, "writes"), (1.0, "comes later")]


async def test_buckets_of_chats_long_silent_are_forgotten(clock: ManualClock) -> None:
    async with writers(clock, Rate(1e6, 1e6)) as people:
        for number in range(MOST_GATES):
            people.pacer.gate(f"chat {number}").take(clock.now())
        await clock.advance(1.0)
        people.come("new", Priority.FINAL)
        await settle()
        assert len(people.pacer._gates) == 1


@given(st.lists(st.tuples(st.floats(0, 0.1), st.sampled_from(Priority), st.integers(0, 20)), min_size=1, max_size=200))
def test_no_second_holds_more_than_the_platform_allows(arrivals: list[tuple[float, Priority, int]]) -> None:
    async def run() -> list[tuple[float, str]]:
        clock = ManualClock()
        async with writers(clock, DISCORD) as people:
            for index, (gap, priority, chat) in enumerate(arrivals):
                await clock.advance(gap)
                people.come(str(index), priority, route(str(chat)))
            await clock.advance(60.0)
            return people.wrote

    wrote = asyncio.run(run())
    times = [at for at, _ in wrote]
    assert len(times) == len(arrivals)
    assert all(sum(start <= at < start + 0.99 for at in times) <= 50 for start in times)


# The platform's own counters


def announced(limit: int, left: int, reset_after: float) -> WindowGate:
    """A gate whose first response said this, at the time 0."""
    gate = WindowGate()
    gate.take(0.0)
    gate.announce(limit, left, reset_after, 0.0)
    gate.settle()
    return gate


def test_before_the_platform_has_said_anything_one_request_goes_at_a_time() -> None:
    gate = WindowGate()
    assert gate.wait(0.0, Priority.DRAFT) == 0.0
    gate.take(0.0)
    assert gate.wait(0.0, Priority.FINAL) == math.inf
    gate.settle()
    assert gate.wait(0.0, Priority.DRAFT) == 0.0


def test_a_window_is_used_up_by_last_words_only() -> None:
    gate = announced(5, 2, 5.0)
    gate.take(1.0)
    assert gate.wait(2.0, Priority.FIRST) == 3.0
    assert gate.wait(2.0, Priority.FINAL) == 0.0
    gate.take(2.0)
    assert gate.wait(2.0, Priority.FINAL) == 3.0


def test_drafts_are_spread_over_the_window() -> None:
    gate = announced(5, 4, 5.0)
    now, drafts = 0.0, []
    while now < 5.0:
        now += gate.wait(now, Priority.DRAFT)
        gate.take(now)
        drafts.append(now)
    assert drafts == [1.25, 2.5, 3.75, 5.0]


def test_requests_in_flight_count_though_the_response_does_not_know_them() -> None:
    gate = announced(5, 4, 5.0)
    for _ in range(3):
        gate.take(6.0)
    gate.announce(5, 4, 5.0, 6.1)  # a new window, and the response to the first of the three
    gate.settle()
    for _ in range(2):
        assert gate.wait(6.1, Priority.FINAL) == 0.0
        gate.take(6.1)
    assert gate.wait(6.1, Priority.FINAL) == pytest.approx(5.0)


def test_a_late_response_of_the_old_window_gives_nothing_back() -> None:
    gate = announced(5, 1, 5.0)
    gate.take(0.0)
    gate.announce(5, 4, 4.9, 0.1)
    assert gate.wait(0.2, Priority.FINAL) == pytest.approx(4.8)


@given(st.integers(1, 5), st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0, 2))
def test_a_counter_is_never_overdrawn(limit: int, gaps: list[float], latency: float) -> None:
    """Against a counter of the platform's own, whose window begins with the first request that arrives in it."""
    gate, now, ends, left = WindowGate(), 0.0, -math.inf, 0
    responses: list[tuple[float, int, float]] = []
    for gap in gaps:
        now += gap
        for at, remaining, end in [response for response in responses if response[0] <= now]:
            responses.remove((at, remaining, end))
            gate.announce(limit, remaining, max(0.0, end - (at - latency / 2)), at)
            gate.settle()
        if gate.wait(now, Priority.FINAL) == 0.0:
            gate.take(now)
            arrival = now + latency / 2
            if arrival >= ends:
                ends, left = arrival + 5.0, limit
            left -= 1
            assert left >= 0
            responses.append((now + latency, left, ends))


# Many answers at once


async def answer_all(clock: ManualClock, folder: Path, seconds: Sequence[float]) -> Board:
    """One answer in each chat, written for so many seconds, then finished; until all can be seen."""
    board = Board(clock, latency=0.1)

    async def answer(number: int, written: float, means: Means) -> None:
        surface = BoardSurface(board, f"chat {number}")
        async with LiveReply(surface, turn_of(number), Held(), means) as reply:
            for word in range(int(written / 0.1)):
                reply.draft(f"{number}:" + " word" * (word + 1))
                await clock.sleep(0.1)
            name = answer_id(TurnId(f"test:{number}"))
            await reply.finish(Answer(name, f"{number}: the answer", "alpha", Finish.STOP, Usage()))

    async with (
        open_store(f"sqlite:///{folder}/parlour.db", clock, StoreOptions()) as store,
        Pacer(clock, RateGate(DISCORD, clock.now()), lambda _: WindowGate()) as pacer,
    ):
        means = Means(pacer, clock, Controls(store))
        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(answer(*one, means)) for one in enumerate(seconds)]
            while not all(task.done() for task in answers):
                await clock.advance(0.05)
    return board


def finals(board: Board) -> list[Request]:
    return [request for request in board.requests if request.text.endswith("answer")]


async def test_three_hundred_answers_at_once_are_as_fast_as_the_limit_allows(
    clock: ManualClock, tmp_path: Path
) -> None:
    start = clock.now()
    board = await answer_all(clock, tmp_path, [2.4] * 300)
    assert sorted(page.text for _, page in board.messages.values()) == sorted(f"{n}: the answer" for n in range(300))
    assert finals(board)[-1].at - start <= 2.4 + 300 / DISCORD.per_second + 0.1
    times = [request.at for request in board.requests]
    assert all(sum(at <= other < at + 0.99 for other in times) <= 50 for at in times)


async def test_drafts_use_only_what_last_words_leave(clock: ManualClock, tmp_path: Path) -> None:
    start = clock.now()
    board = await answer_all(clock, tmp_path, [2.0] * 150 + [8.0] * 50)
    ended = [request for request in finals(board) if int(request.text.split(":")[0]) < 150]
    assert ended[-1].at - start <= 2.0 + 150 / DISCORD.per_second + 0.1
    meanwhile = [request for request in board.requests if start + 2.2 < request.at < ended[-1].at]
    assert all(request in ended for request in meanwhile)
    assert [request for request in board.requests if ended[-1].at < request.at < start + 8.0]

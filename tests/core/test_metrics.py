"""What Prometheus is told: of turns, of models, of platforms, of the queue."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.shared.surface import Deed
from core.errors import ContentRefused, ModelBusy, StoreFull, StoreUnavailable, SurfaceUnavailable
from core.inbox.worker import Worker, WorkerSettings, Workplace
from core.llm.scripted import Script, spoken
from core.telemetry.metrics import Metrics
from core.telemetry.vitals import ProcessVitals
from core.watching import Phase
from tests.core.test_worker import Wall, broken
from tests.support.bot import LANE, LEASE, Bot, open_bot
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock
from tests.support.metrics import sample
from tests.support.room import a_room, answer_with, refused


class Watched:
    """A bot whose worker answers one turn after the other, and what is counted of it."""

    def __init__(self, bot: Bot, clock: ManualClock, metrics: Metrics) -> None:
        self.bot = bot
        self.clock = clock
        self.wall = Wall()
        self.metrics = metrics
        self.vitals = ProcessVitals(bot.store, metrics, clock)
        place = Workplace(bot.store, bot.conversations, self.wall, clock, EvenChance(), metrics)
        self.worker = Worker(place, WorkerSettings(frozenset({LANE}), lease=LEASE, max_attempts=1))

    async def answer(self, text: str, *scripts: Script, age: float = 0.0) -> None:
        """Has *text*, said *age* seconds ago, dealt with once."""
        self.bot.models.get("").scripts.extend(scripts)
        incoming = self.bot.incoming(text)
        await self.bot.store.put(replace(incoming, sent_at=incoming.sent_at - age))
        running = asyncio.create_task(self.worker.run())
        while not (await self.total("turns") and self.worker.busy == 0):
            await self.clock.advance(0.25)
            await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def value(self, name: str, **labels: str) -> float | None:
        return sample(await self.vitals.metrics(), f"parlour_{name}", **labels)

    async def total(self, name: str) -> float:
        endings = ("answered", "failed", "lost", "postponed", "broken", "set_aside")
        return sum([await self.value(f"{name}_total", platform=LANE, ending=ending) or 0 for ending in endings])


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[Watched]:
    clock, metrics = ManualClock(), Metrics()
    async with open_bot(folder, clock, equip=lambda world: replace(world, watch=metrics)) as bot:
        yield Watched(bot, clock, metrics)


async def test_an_answer_is_timed_in_its_phases(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        await here.answer("Hello", spoken("One two three", delay=2.0), age=30.0)
        waits = {
            phase: await here.value("turn_wait_seconds_sum", platform=LANE, phase=phase)
            for phase in ("queued", "first_word", "written", "shown")
        }
        assert waits["queued"] == pytest.approx(30.0, abs=1.0)
        assert waits["first_word"] == pytest.approx(2.0, abs=1.0)
        assert waits["written"] == pytest.approx(6.0, abs=2.0)
        assert waits["shown"] == 0.0


async def test_tokens_are_counted_by_their_kind_and_price(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        await here.answer("Hello")
        usage = (await here.bot.store.usage(here.bot.incoming().conversation)).total
        assert await here.value("model_calls_total", model="alpha") == 1
        assert await here.value("model_tokens_total", model="alpha", kind="prompt") == usage.prompt
        assert await here.value("model_tokens_total", model="alpha", kind="written") == usage.completion
        assert await here.value("model_cost_dollars_total", model="alpha") == pytest.approx((usage.cost or 0) / 1e9)


@pytest.mark.parametrize(
    ("script", "ending"),
    [(spoken("Hi."), "answered"), (Script(refusal=ContentRefused()), "failed"), ("broken", "broken")],
)
async def test_how_a_turn_ended_is_counted(script: Any, ending: str, tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        await here.answer("Hello", broken() if script == "broken" else script)
        assert await here.value("turns_total", platform=LANE, ending=ending) == 1
        assert await here.value("errors_total", error="ContentRefused") == (1 if ending == "failed" else None)


async def test_what_somebody_is_called_for_is_counted_before_it_happens(tmp_path: Path) -> None:
    """To Prometheus a number that begins at 1 has not increased: also the first turn of all may break."""
    async with watched(tmp_path) as here:
        here.metrics.served(LANE, on=True)
        assert await here.value("errors_total", error="ModelKeyRefused") == 0
        assert await here.value("turns_total", platform=LANE, ending="broken") == 0


async def test_a_turn_that_waits_for_its_platform_is_postponed(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        here.wall.trouble = SurfaceUnavailable("flood", retry_after=9_000.0)
        await here.answer("Hello")
        assert await here.value("turns_total", platform=LANE, ending="postponed") == 1


async def test_a_model_that_is_asked_again_is_counted(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        await here.answer("Hello", Script(refusal=ModelBusy()), Script(refusal=ModelBusy()))
        assert await here.value("model_retries_total", model="alpha", error="ModelBusy") == 2


async def test_what_runs_now_is_known_and_forgotten(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        await here.answer("Hello")
        assert await here.value("open", kind="turns") == 0


async def test_the_queue_is_told_with_the_age_of_its_oldest_message(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        await here.bot.store.put(here.bot.incoming("Hello"))
        await here.clock.advance(12.0)
        assert await here.value("queue_turns", state="waiting") == 1
        assert await here.value("queue_turns", state="running") == 0
        assert await here.value("queue_oldest_seconds") == 12.0
        assert await here.value("store_up") == 1


async def test_without_a_store_there_is_no_number_for_the_queue_and_no_readiness(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        assert await here.vitals.ready()
        store: Any = here.bot.store

        async def away() -> None:
            raise StoreUnavailable

        store.depth = away
        assert not await here.vitals.ready()
        assert await here.value("store_up") == 0
        assert math.isnan(await here.value("queue_turns", state="waiting") or 0)
        assert math.isnan(await here.value("queue_oldest_seconds") or 0)


async def test_a_store_that_is_full_is_told_and_no_reason_to_send_people_elsewhere(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        assert await here.value("store_writable") == 1
        store: Any = here.bot.store

        async def full() -> None:
            raise StoreFull

        store.probe = full
        assert await here.value("store_writable") == 0
        assert await here.value("store_up") == 1
        assert await here.vitals.ready()


async def test_a_store_that_hangs_is_away(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        store: Any = here.bot.store
        store.depth = asyncio.Event().wait
        asking = asyncio.create_task(here.vitals.ready())
        await here.clock.advance(2.0)
        assert not await asking


async def test_a_process_that_drains_is_not_ready_and_still_counts(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        here.vitals.drain()
        assert not await here.vitals.ready()
        assert await here.value("store_up") == 1


async def test_a_terminal_is_one_platform_however_its_conversations_are_called() -> None:
    metrics = Metrics()
    metrics.refused("telegram")
    for name in ("default", "work"):
        metrics.waited(f"terminal:{name}", Phase.SHOWN, 1.0)
    page = metrics.exposition(None, 0.0)
    assert sample(page, "parlour_turn_wait_seconds_count", platform="terminal", phase="shown") == 2


async def test_penalties_and_refusals_of_a_platform_are_counted_once(tmp_path: Path) -> None:
    clock, metrics = ManualClock(), Metrics()
    async with a_room(clock, tmp_path) as room:
        room.pacer.on_penalty = lambda seconds: metrics.penalised("test", seconds)
        room.pacer.on_refusal = lambda: metrics.refused("test")
        room.hinder(Deed.POST, refused(3.0), refused())
        async with room.reply() as reply:
            finishing = asyncio.create_task(reply.finish(answer_with("Hello.")))
            await clock.advance(30.0)
            await finishing
    page = metrics.exposition(None, 0.0)
    assert sample(page, "parlour_platform_penalties_total", platform="test") == 1
    assert sample(page, "parlour_platform_penalty_seconds_total", platform="test") == pytest.approx(3.0)
    assert sample(page, "parlour_platform_retries_total", platform="test") == 2

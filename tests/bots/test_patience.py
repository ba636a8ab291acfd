"""Waiting for a platform that is away."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bots.shared.patience import Patience
from core.errors import SurfaceUnavailable
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock, settle


async def test_a_brief_wait_tries_again_and_ends(clock: ManualClock) -> None:
    tries: list[float] = []

    async def away() -> str:
        tries.append(clock.now())
        raise SurfaceUnavailable("502")

    waiting = asyncio.create_task(Patience(clock, EvenChance()).briefly(5.0, away))
    await clock.advance(4.9)
    assert len(tries) > 1
    assert not waiting.done()
    await clock.advance(0.2)
    with pytest.raises(SurfaceUnavailable, match="5 s"):
        await waiting


async def test_what_stays_away_for_an_hour_does_not_fill_the_log(clock: ManualClock) -> None:
    async def away() -> str:
        raise SurfaceUnavailable("502")

    with capture_logs() as logged:
        waiting = asyncio.create_task(Patience(clock, EvenChance()).patiently(away))
        await clock.advance(3600.0)
        waiting.cancel()
    warnings = [line for line in logged if line["log_level"] == "warning"]
    assert 5 < len(warnings) < 12 < len(logged)


async def test_a_brief_wait_does_not_outlast_what_hangs(clock: ManualClock) -> None:
    waiting = asyncio.create_task(Patience(clock, EvenChance()).briefly(5.0, lambda: clock.sleep(3600.0)))
    await clock.advance(5.1)
    await settle()
    with pytest.raises(SurfaceUnavailable):
        await waiting


async def test_what_came_in_time_is_given(clock: ManualClock) -> None:
    async def here() -> str:
        return "here"

    assert await Patience(clock, EvenChance()).briefly(5.0, here) == "here"

"""What a process tells those who run it without being asked."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from core.telemetry.vitals import JUMP, tell_of_jumps
from tests.support.clock import ManualClock

HOUR = 3600.0


async def test_a_clock_that_is_set_is_one_line_and_one_that_is_corrected_none(clock: ManualClock) -> None:
    telling = asyncio.create_task(tell_of_jumps(clock))
    with capture_logs() as lines:
        for seconds in (HOUR, -2 * HOUR, JUMP / 2):
            await clock.advance(HOUR)
            clock.set(seconds)
            await clock.advance(HOUR)
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    told = [{"event": "clock.set", "log_level": "warning", "seconds": seconds} for seconds in (3600, -7200)]
    assert lines == told

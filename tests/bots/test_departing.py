"""A process that is told to end gives balancers the time to see it, and what it has begun the time to end."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from bots.shared.departing import LAST_WORDS, Departure, ended
from tests.support.clock import ManualClock


class Process:
    """told: what was done, in order."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        self.told: list[str] = []
        self._departure = Departure(self, clock, seconds)

    def drain(self) -> None:
        self.told.append("not ready")

    def terminate(self) -> None:
        self._departure.begin(lambda: self.told.append("drained"))


async def test_it_works_on_until_balancers_have_looked(clock: ManualClock) -> None:
    process = Process(clock, 10.0)
    process.terminate()
    await clock.advance(9.0)
    assert process.told == ["not ready"]
    await clock.advance(1.0)
    assert process.told == ["not ready", "drained"]


async def test_where_nobody_has_to_look_it_drains_at_once(clock: ManualClock) -> None:
    process = Process(clock, 0.0)
    process.terminate()
    assert process.told == ["not ready", "drained"]


async def test_who_is_told_twice_waits_no_longer(clock: ManualClock) -> None:
    process = Process(clock, 10.0)
    process.terminate()
    process.terminate()
    assert process.told[-1] == "drained"


async def test_what_takes_too_long_is_cut_off_and_the_log_says_how_much_that_was(clock: ManualClock) -> None:
    short, long = (asyncio.create_task(clock.sleep(LAST_WORDS + more)) for more in (-1.0, 1.0))
    with capture_logs() as lines:
        ending = asyncio.create_task(ended([short, long], clock))
        await clock.advance(LAST_WORDS)
        await ending
    assert not short.cancelled()
    assert long.cancelled()
    assert [(line["event"], line["tasks"]) for line in lines] == [("process.left_unsaid", 1)]

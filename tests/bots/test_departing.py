"""A process that is told to end gives balancers the time to see it."""

from __future__ import annotations

from bots.shared.departing import Departure
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

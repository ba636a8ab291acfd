"""More turns at once than a budget is for, over two processes, one of which may be killed in between."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.domain import ConversationId
from core.domain_limits import Drawn
from core.limits.allowances import Payer, purses_of
from core.limits.budgets import LEAST_OUTPUT
from core.stores.opening import open_store
from core.wording import Sentence, say
from tests.support.bot import PRICE
from tests.support.clock import until
from tests.support.fleet import Fleet
from tests.support.platform import Platform
from tests.support.servers import redis_server
from tests.support.station import Orders, policy_of

TURNS, AFFORDABLE = 200, 10
LEASE = 10.0
"""Seconds: 200 turns that wait are all renewed meanwhile, also on a machine that is busy with other things."""
LONG = 90_000
"""Attempts of `until`: three minutes or more."""
QUESTION = "please tell me " + "again and " * 20 + "again"
"""Its echo is longer than the shortest answer that is worth asking for, so that the last one that fits is asked."""
ANSWER = f"You said: {QUESTION}"
EVERYBODY = [f"test:{number}" for number in range(TURNS)]
REFUSED = say(Sentence.BUDGET_SPENT_TOTAL, "en", when="").rstrip(".")


class Crowd:
    """Two stations with one budget, and what their platform shows."""

    def __init__(self, fleet: Fleet, platform: Platform, orders: Orders) -> None:
        self._fleet = fleet
        self._platform = platform
        self._orders = orders
        self._pids: list[int] = []
        self._answers = 0
        self.kills = 0

    async def start(self) -> None:
        self._pids = [self._fleet.start(self._orders) for _ in range(2)]
        await until(lambda: len(self._platform.connected) == 2)

    def kill_after(self, answers: int) -> None:
        """A station is killed in the middle of the answer that comes after so many, and again after as many more."""

        def told(pid: int, phase: str) -> None:
            self._answers += phase == "commit done"
            if phase == "posted" and self._answers >= answers * (self.kills + 1) and self._answers < AFFORDABLE:
                self.kills += 1
                asyncio.get_running_loop().call_soon(self._replace, pid)

        self._platform.on_phase = told

    async def ask(self) -> None:
        """All at once; returns when everybody has an answer or a sentence."""
        for place in EVERYBODY:
            self._platform.say(place, QUESTION, time.time())
        await until(lambda: len(self.texts) == TURNS and all(map(is_final, self.texts)), LONG)
        for pid in self._pids:
            await self._fleet.stop(pid)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self._platform.messages.values()]

    def _replace(self, pid: int) -> None:
        if pid in self._pids:
            self._fleet.kill(pid)
            self._pids[self._pids.index(pid)] = self._fleet.start(self._orders)


def is_final(text: str) -> bool:
    return text == ANSWER or text.startswith(REFUSED)


async def cost_of_one(store: str) -> int:
    """Measured, by asking it where there is no limit."""
    with Fleet() as fleet:
        async with Platform() as platform:
            station = fleet.start(Orders(store, platform.port, LEASE))
            await until(lambda: len(platform.connected) == 1)
            platform.say("test:first", QUESTION, time.time())
            await until(lambda: [message.text for message in platform.messages.values()] == [ANSWER])
            await fleet.stop(station)
    return await cost_in(store, ["test:first"])


async def cost_in(store: str, places: Sequence[str]) -> int:
    """Of everything that was kept there."""
    async with open_store(store, SystemClock()) as opened:
        reports = [await opened.usage(ConversationId(place)) for place in places]
    return sum(report.total.cost or 0 for report in reports)


async def crowd(store: str, folder: Path, *, kill_after: int | None = None) -> None:
    cost = await cost_of_one(f"sqlite:///{folder}/measured.db")
    assert cost > LEAST_OUTPUT * PRICE.output
    with Fleet() as fleet:
        async with Platform() as platform:
            orders = Orders(store, platform.port, LEASE, word_delay=0.005, budget=AFFORDABLE * cost)
            people = Crowd(fleet, platform, orders)
            await people.start()
            if kill_after:
                people.kill_after(kill_after)
            await people.ask()
    assert Counter(text == ANSWER for text in people.texts) == {True: AFFORDABLE, False: TURNS - AFFORDABLE}
    assert bool(people.kills) is (kill_after is not None)
    assert await cost_in(store, EVERYBODY) == AFFORDABLE * cost
    async with open_store(store, SystemClock()) as opened:
        (purse,) = purses_of(policy_of(orders), Payer("test:1"), time.time())
        assert await opened.drawn([purse.name]) == (Drawn(spent=purse.limit),)
    print(f"\n{store.split(':', maxsplit=1)[0]}: {TURNS} turns at once, {people.kills} kills: {AFFORDABLE} answered")  # noqa: T201  # the figure


KILLS = [None, 4]


@pytest.mark.parametrize("kill_after", KILLS, ids=["undisturbed", "killed"])
async def test_a_budget_for_ten_answers_ten_of_many_on_sqlite(kill_after: int | None, tmp_path: Path) -> None:
    await crowd(f"sqlite:///{tmp_path}/parlour.db", tmp_path, kill_after=kill_after)


@pytest.mark.parametrize("kill_after", KILLS, ids=["undisturbed", "killed"])
async def test_a_budget_for_ten_answers_ten_of_many_on_redis(kill_after: int | None, tmp_path: Path) -> None:
    async with redis_server() as url:
        await crowd(url, tmp_path, kill_after=kill_after)

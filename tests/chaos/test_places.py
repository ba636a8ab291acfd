"""More people at once than a provider takes, over two processes, one of which may be killed in between."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.completions import CompletionsServer, Wire, answer
from tests.support.fleet import Fleet
from tests.support.platform import Platform
from tests.support.servers import redis_server
from tests.support.station import Orders

PEOPLE, AT_ONCE = 300, 8
LEASE = 10.0
"""Seconds, also of places: longer than a machine that is busy with other things keeps a process waiting."""
CALL = 0.12
"""Seconds that a call takes: long enough for people to see which number they are."""
LATE = PEOPLE // 2
"""Places in line by which somebody may be asked later than it was their turn: while all of them arrive, those who come first
to be answered know nothing of the others yet, and a process that is kept waiting by the machine is passed over. In any order,
somebody would be nearly as late as there are people."""
LONG = 90_000
"""Attempts of `until`: three minutes or more."""
WAITING = say(Sentence.WAITING, "en", place=0).partition("0")[0]


@dataclass
class SmallServer(CompletionsServer):
    """Says what it was asked, and counts how many ask at the same time."""

    running: int = 0
    most: int = 0
    order: list[int] = field(default_factory=list)

    async def _answer(self, wire: Wire) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        question = wire.request.body["messages"][-1]["content"]
        self.order.append(int(question.rpartition(" ")[2]))
        try:
            await asyncio.sleep(CALL)
            await answer(f"You said: {question}")(wire)
        finally:
            self.running -= 1


class Crowd:
    """Everybody in a conversation of their own, and what they see."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.turns: list[str] = []

    async def ask(self) -> None:
        start = time.time()
        for number in range(PEOPLE):
            self.turns.append(self._platform.say(f"test:{number}", f"question {number}", start + number / 1000))
        await until(self._all_are_answered, LONG)

    def _all_are_answered(self) -> bool:
        shown = [message.text for turn in self.turns for message in self._platform.answers_to(turn)]
        return shown == [f"You said: question {number}" for number in range(PEOPLE)]

    @property
    def told(self) -> int:
        """How many have seen a number."""
        return len({turn for _, turn, text in self._platform.writes if text.startswith(WAITING)})


async def siege(store: str, *, kill: bool) -> None:
    with Fleet() as fleet:
        async with SmallServer() as server, Platform() as platform:
            orders = Orders(store, platform.port, LEASE, server=server.url, at_once=AT_ONCE)
            pids = [fleet.start(orders) for _ in range(2)]
            await until(lambda: len(platform.connected) == len(pids))
            people = Crowd(platform)
            start, asking = time.time(), asyncio.create_task(people.ask())
            if kill:
                await until(lambda: len(server.order) > PEOPLE // 4, LONG)
                fleet.kill(pids.pop())
                pids.append(fleet.start(orders))
            await asking
            took = time.time() - start
            for pid in pids:
                await fleet.stop(pid)
    assert server.most == AT_ONCE
    assert people.told
    late = [place - number for place, number in enumerate(dict.fromkeys(server.order))]
    if not kill:
        assert len(server.order) == PEOPLE
        assert max(late) < LATE
    print(f"\n{store.partition(':')[0]}: {people.told} saw a number, at most {max(late)} places late, {took:.1f} s")  # noqa: T201  # the figure


@pytest.mark.parametrize("kill", [False, True], ids=["undisturbed", "killed"])
async def test_a_provider_is_asked_no_more_at_once_than_it_takes_on_sqlite(tmp_path: Path, *, kill: bool) -> None:
    await siege(f"sqlite:///{tmp_path}/parlour.db", kill=kill)


@pytest.mark.parametrize("kill", [False, True], ids=["undisturbed", "killed"])
async def test_a_provider_is_asked_no_more_at_once_than_it_takes_on_redis(*, kill: bool) -> None:
    async with redis_server() as url:
        await siege(url, kill=kill)

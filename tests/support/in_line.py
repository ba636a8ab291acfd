"""More people at once than a provider takes, over two processes: who is asked when, and what they see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.completions import CompletionsServer, Wire, answer
from tests.support.fleet import Fleet
from tests.support.platform import Platform
from tests.support.station import Orders

PEOPLE, AT_ONCE = 300, 8
LEASE = 10.0
"""Seconds, also of places: longer than a machine that is busy with other things keeps a process waiting."""
LONG = 90_000
"""Attempts of `until`: three minutes or more."""
WAITING = say(Sentence.WAITING, "en", place=0).partition("0")[0]


@dataclass(frozen=True, slots=True)
class Served:
    """What became of everybody who asked. seconds: until the last answer was there. most: calls at the same time. told: how
    many saw a number. order: of the people, as they were asked for; twice for whom a killed process had asked."""

    seconds: float
    most: int
    told: int
    order: Sequence[int]

    @property
    def late(self) -> int:
        """Places by which somebody was asked for later than it was their turn, at most."""
        return max(place - number for place, number in enumerate(dict.fromkeys(self.order)))


@dataclass
class SmallServer(CompletionsServer):
    """Says what it was asked, and counts how many ask at the same time. call: seconds that it takes."""

    call: float = 0.0
    running: int = 0
    most: int = 0
    order: list[int] = field(default_factory=list)

    async def _answer(self, wire: Wire) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        question = wire.request.body["messages"][-1]["content"]
        self.order.append(int(question.rpartition(" ")[2]))
        try:
            await asyncio.sleep(self.call)
            await answer(f"You said: {question}")(wire)
        finally:
            self.running -= 1


class Crowd:
    """Everybody in a conversation of their own, and what they see."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.turns: list[str] = []

    async def ask(self) -> None:
        """Returns when all are answered."""
        start = time.time()
        for number in range(PEOPLE):
            self.turns.append(self._platform.say(f"test:{number}", f"question {number}", start + number / 1000))
        await until(self._all_are_answered, LONG)

    def _all_are_answered(self) -> bool:
        shown = [message.text for turn in self.turns for message in self._platform.answers_to(turn)]
        return shown == [f"You said: question {number}" for number in range(PEOPLE)]

    @property
    def told(self) -> int:
        return len({turn for _, turn, text in self._platform.writes if text.startswith(WAITING)})


async def served(store: str, call: float, *, kill: bool = False) -> Served:
    """All of `PEOPLE` ask at once, of a provider that takes `AT_ONCE` for *call* seconds each. *kill*: one of the processes,
    when a quarter of them was asked for; another one takes its place."""
    with Fleet() as fleet:
        async with SmallServer(call=call) as server, Platform() as platform:
            orders = Orders(store, platform.port, LEASE, server=server.url, at_once=AT_ONCE, quiet=True)
            pids = [fleet.start(orders) for _ in range(2)]
            await until(lambda: len(platform.connected) == len(pids))
            people = Crowd(platform)
            start, asking = time.monotonic(), asyncio.create_task(people.ask())
            if kill:
                await until(lambda: len(server.order) > PEOPLE // 4, LONG)
                fleet.kill(pids.pop())
                pids.append(fleet.start(orders))
            await asking
            took = time.monotonic() - start
            for pid in pids:
                await fleet.stop(pid)
    return Served(took, server.most, people.told, server.order)

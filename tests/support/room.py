"""A board, a claim and what replies need, for the tests of replies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bots.shared.controls import Controls
from bots.shared.live_reply import LiveReply, Means
from bots.shared.pacing import Pacer, RateGate
from bots.shared.surface import Deed, Limits
from core.domain import Answer, Finish, TurnId, Usage, answer_id
from core.errors import SurfaceUnavailable
from core.limits.rates import Rate
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.support.board import Board, BoardSurface, Held, Trouble, turn_of
from tests.support.clock import ManualClock

PLENTY = Rate(1000.0, 1000.0)
LONG = "".join(f"Paragraph {number} of the answer.\n\n" for number in range(300))


def answer_with(text: str, finish: Finish = Finish.STOP) -> Answer:
    return Answer(answer_id(TurnId("test:1")), text, "alpha", finish, Usage())


class Room:
    """`reply` opens one as a worker does."""

    def __init__(self, clock: ManualClock, pacer: Pacer[RateGate], controls: Controls) -> None:
        self.clock = clock
        self.board = Board(clock)
        self.claim = Held()
        self.pacer = pacer
        self.means = Means(pacer, clock, controls)

    def reply(self, attempt: int = 1, limits: Limits | None = None, language: str = "en") -> LiveReply:
        turn = turn_of(shown=tuple(self.claim.shown), attempt=attempt, language=language)
        return LiveReply(BoardSurface(self.board, limits=limits or Limits(2000)), turn, self.claim, self.means)

    def hinder(self, deed: Deed, *troubles: Trouble) -> None:
        self.board.troubles += [(deed, trouble) for trouble in troubles]


@asynccontextmanager
async def a_room(clock: ManualClock, folder: Path, bucket: Rate = PLENTY) -> AsyncIterator[Room]:
    async with (
        open_store(f"sqlite:///{folder}/parlour.db", clock, StoreOptions()) as store,
        Pacer(clock, RateGate(PLENTY, clock.now()), lambda _: RateGate(bucket, clock.now())) as pacer,
    ):
        yield Room(clock, pacer, Controls(store))


def refused(seconds: float | None = None) -> Trouble:
    return Trouble(SurfaceUnavailable("429", seconds))


LOST_RESPONSE = Trouble(SurfaceUnavailable("reset"), done=True)

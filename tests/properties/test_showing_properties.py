"""Whatever a model writes and however checks and words overtake each other: what was refused is never seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from core.conversations.showing import CheckedShowing
from core.domain_moderation import Reason, Verdict
from core.errors import AnswerFlagged
from tests.support.clock import ManualClock
from tests.support.judges import Magistrate, moderation

BAD = "☠"
PIECES = st.lists(
    st.sampled_from(
        ["word ", "A sentence that goes on for quite a while. ", "x" * 90, "\n\n", "。", f"{BAD} ", "y" * 700]
    ),
    max_size=40,
)
TURNS = st.lists(st.integers(0, 4), min_size=1, max_size=20)
"""How often others run between two words, and within each check."""


class Slow(Magistrate):
    """Takes its time, each time another."""

    def __init__(self, turns: Iterator[int]) -> None:
        super().__init__(bad=lambda text: BAD in text)
        self.turns = turns
        self.said_no = False

    async def check(self, texts: Sequence[str], picture: str = "") -> Verdict:
        for _ in range(next(self.turns)):
            await asyncio.sleep(0)
        verdict = await super().check(texts, picture)
        self.said_no |= verdict.reason is Reason.VIOLENCE
        return verdict


def around(turns: list[int]) -> Iterator[int]:
    while True:
        yield from turns


async def written(attempts: list[list[str]], turns: list[int]) -> None:
    """Each attempt but the last breaks off, and the next one begins anew, as a model that is asked again does."""
    clock, text, pauses = ManualClock(), "", around(turns)
    slow, shown = Slow(around(turns[::-1])), list[str]()

    def show(seen: str) -> None:
        assert not slow.said_no
        shown.append(seen)

    showing = CheckedShowing(show, moderation(slow, clock), clock)

    async def write() -> None:
        nonlocal text
        for attempt in attempts:
            text = ""
            for piece in attempt:
                text += piece
                showing.draft(text)
                for _ in range(next(pauses)):
                    await asyncio.sleep(0)

    refused = False
    try:
        await showing.write(write(), lambda: text)
    except AnswerFlagged:
        refused = True
    assert not any(BAD in seen for seen in shown)
    assert slow.most_at_once <= 2  # the last one does not wait for the one before it
    assert refused == slow.said_no
    assert refused or (shown[-1] if shown else "") == text


@given(st.lists(PIECES, min_size=1, max_size=3), TURNS)
def test_nothing_that_was_refused_is_ever_seen(attempts: list[list[str]], turns: list[int]) -> None:
    asyncio.run(written(attempts, turns))

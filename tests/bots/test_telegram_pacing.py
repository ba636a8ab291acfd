"""How often one chat is written to, and what several penalties at once mean."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bots.shared.pacing import Priority, RateGate
from bots.shared.surface import Route
from bots.telegram.pacing import GROUP_MOST, GROUP_PAUSE, GROUP_WINDOW, TelegramPacer, bucket_of, gate_of
from core.errors import SurfaceUnavailable
from core.limits.rates import Rate
from tests.support.clock import ManualClock

PLENTY = Rate(1000.0, 1000.0)


def test_after_a_draft_the_last_words_and_the_next_first_ones_are_written_at_once() -> None:
    gate = gate_of(bucket_of(7), 0.0)
    for priority in (Priority.DRAFT, Priority.FINAL, Priority.FINAL):
        assert gate.wait(0.0, priority) == 0.0
        gate.take(0.0)
    assert gate.wait(0.0, Priority.FINAL) == pytest.approx(1.1)


def test_drafts_in_a_private_chat_are_no_closer_than_its_pace() -> None:
    gate = gate_of(bucket_of(7), 0.0)
    gate.take(0.0)
    assert gate.wait(0.0, Priority.DRAFT) == pytest.approx(1.1)
    assert gate.wait(1.1, Priority.DRAFT) == pytest.approx(0.0)


@pytest.mark.parametrize("priority", Priority)
def test_a_group_is_never_written_to_more_often_than_its_minute_allows(priority: Priority) -> None:
    gate, now = gate_of(bucket_of(-7), 0.0), 0.0
    written: list[float] = []
    while now < 300.0:
        if (wait := gate.wait(now, priority)) < 0.001:
            gate.take(now)
            written.append(now)
        else:
            now += wait
    assert all(
        later - first >= GROUP_WINDOW - 0.01 for first, later in zip(written, written[GROUP_MOST:], strict=False)
    )
    pauses = [later - first for first, later in pairwise(written)]
    assert priority < Priority.DRAFT or min(pauses) >= GROUP_PAUSE - 0.001


async def test_a_chat_that_asked_for_a_pause_gets_no_more_bursts(clock: ManualClock) -> None:
    chat = Route(bucket_of(7), bucket_of(7))
    written: list[float] = []
    async with TelegramPacer(clock, RateGate(PLENTY, clock.monotonic())) as pacer:

        async def write() -> None:
            async with pacer.permit(chat, Priority.FINAL):
                written.append(clock.monotonic())

        pacer.penalise(chat.chat, 3.0)
        await clock.advance(3.0)
        writing = [asyncio.create_task(write()) for _ in range(3)]
        await clock.advance(5.0)
        await asyncio.gather(*writing)
    assert [later - first for first, later in pairwise(written)] == pytest.approx([1.1, 1.1])


async def test_one_chat_that_is_closed_leaves_the_others_open_and_several_at_once_mean_all(clock: ManualClock) -> None:
    floods: list[float] = []
    other = Route(bucket_of(4), bucket_of(4))
    async with TelegramPacer(clock, RateGate(PLENTY, clock.monotonic())) as pacer:
        pacer.on_flood = floods.append
        pacer.penalise(bucket_of(1), 60.0)
        pacer.penalise(bucket_of(2), 300.0)
        async with pacer.permit(other, Priority.FINAL):
            pass
        await clock.advance(1.0)
        pacer.penalise(bucket_of(3), 59.0)
        assert not floods
        pacer.penalise(bucket_of(5), 59.0)
        assert floods == [59.0]
        with pytest.raises(SurfaceUnavailable):
            await pacer.permit(other, Priority.FINAL).__aenter__()

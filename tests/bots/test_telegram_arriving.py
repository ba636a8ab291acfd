"""Requests that travel for different times: what Telegram counts is when they arrive."""

from __future__ import annotations

import asyncio

from bots.telegram.arriving import SECOND, TRAVEL, Window
from tests.support.clock import ManualClock

MOST = 5
TRAVELS = (0.0, 0.3, 0.9, 0.05, 0.7, 0.0, 0.5)


async def test_in_no_second_more_arrive_than_telegram_takes_however_long_each_travels(clock: ManualClock) -> None:
    window, arrived = Window(clock, MOST), list[float]()

    async def request(travel: float) -> None:
        async with window.passing():
            await clock.sleep(travel)
            arrived.append(clock.monotonic())
            await clock.sleep(travel / 2)

    requests = [asyncio.create_task(request(TRAVELS[number % len(TRAVELS)])) for number in range(40)]
    await clock.advance(40.0)
    await asyncio.gather(*requests)
    assert all(later - first >= SECOND for first, later in zip(sorted(arrived), sorted(arrived)[MOST:], strict=False))


async def test_requests_that_nobody_answers_hold_the_others_up_for_a_while_only(clock: ManualClock) -> None:
    window, sent = Window(clock, MOST), list[float]()
    began = clock.monotonic()

    async def unanswered() -> None:
        async with window.passing():
            sent.append(clock.monotonic() - began)
            await clock.sleep(100.0)

    requests = [asyncio.create_task(unanswered()) for _ in range(MOST + 1)]
    await clock.advance(200.0)
    await asyncio.gather(*requests)
    assert sent[:MOST] == [0.0] * MOST
    assert TRAVEL + SECOND <= sent[MOST] <= TRAVEL + SECOND + 0.1

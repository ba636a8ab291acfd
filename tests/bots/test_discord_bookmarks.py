"""How far each place has been heard: noted before a message is stored, and never beyond what may have been missed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import discord
import pytest

from bots.discord.bookmarks import LONGEST, Marks
from bots.discord.translate import LANE, Place
from core.ports import Store
from core.stores.opening import open_store
from tests.support.clock import ManualClock

HOUR, DAY = 3600.0, 86_400.0
CHANNEL, DIRECT = Place(7, 300), Place(8, None)


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[Store]:
    async with open_store("sqlite://", clock) as store:
        yield store


def sent(clock: ManualClock, ago: float = 0.0) -> int:
    """The id of a message that was written *ago* seconds ago."""
    return (int(clock.now() - ago) * 1000 - discord.utils.DISCORD_EPOCH) << 22


async def test_a_message_is_found_again_though_it_was_not_stored(store: Store, clock: ManualClock) -> None:
    message = sent(clock)
    await Marks(store, clock, HOUR).hear(CHANNEL, message)
    await Marks(store, clock, HOUR).hear(DIRECT, message)
    assert await store.places(LANE) == {"300/7": message - 1, "@me/8": message - 1}
    starts = await Marks(store, clock, HOUR).starts()
    assert starts.keys() == {CHANNEL, DIRECT}
    assert all(start < message for start in starts.values())


async def test_a_bookmark_moves_once_a_minute(store: Store, clock: ManualClock) -> None:
    marks, first = Marks(store, clock, HOUR), sent(clock)
    await marks.hear(CHANNEL, first)
    clock.leap(30.0)
    await marks.hear(CHANNEL, sent(clock))
    assert (await store.places(LANE))["300/7"] == first - 1
    clock.leap(31.0)
    await marks.hear(CHANNEL, sent(clock))
    assert (await store.places(LANE))["300/7"] == sent(clock) - 1


async def test_what_was_missed_is_not_skipped_by_what_is_said_meanwhile(store: Store, clock: ManualClock) -> None:
    await Marks(store, clock, HOUR).hear(CHANNEL, before := sent(clock))
    clock.leap(DAY)
    marks = Marks(store, clock, HOUR)
    marks.fall_behind(0)
    await marks.hear(CHANNEL, sent(clock))
    await marks.hear(DIRECT, sent(clock))
    assert await store.places(LANE) == {"300/7": before - 1, "@me/8": marks.start()}
    marks.caught_up(0)
    await marks.hear(CHANNEL, sent(clock))
    assert (await store.places(LANE))["300/7"] == sent(clock) - 1


async def test_it_is_looked_back_to_the_bookmark_or_as_far_as_an_edit_matters(store: Store, clock: ManualClock) -> None:
    marks = Marks(store, clock, HOUR)
    assert marks.start() == sent(clock, HOUR)
    assert marks.start(sent(clock, 60.0)) == sent(clock, HOUR)
    assert marks.start(sent(clock, DAY)) == sent(clock, DAY)
    assert marks.start(sent(clock, 30 * DAY)) == sent(clock, LONGEST)
    assert Marks(store, clock, 365 * DAY).start() == sent(clock, LONGEST)

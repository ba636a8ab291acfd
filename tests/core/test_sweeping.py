"""How long what has expired is still there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.domain import ConversationId
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.stores.sweeping import keep_swept
from tests.contracts.making import CHAT, answered, asked
from tests.support.clock import ManualClock, until

HOUR = 3600.0


@pytest.mark.parametrize(("ttl", "late"), [(60.0, 6.0), (720 * HOUR, HOUR)])
async def test_a_conversation_outlives_its_time_by_a_tenth_at_most(
    ttl: float, late: float, tmp_path: Path, clock: ManualClock
) -> None:
    async with open_store(f"sqlite:///{tmp_path}/parlour.db", clock, StoreOptions(history_ttl=ttl)) as store:
        await answered(store, asked("1", "Why tides?"))
        sweeping = asyncio.create_task(keep_swept(store, clock, ttl), name="sweeping")
        await until(lambda: clock.next_alarm is not None)
        await clock.advance(ttl + late)
        await until(lambda: clock.next_alarm is not None)
        assert await store.messages(ConversationId(CHAT)) == ()
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)

"""Ending tasks."""

from __future__ import annotations

import asyncio
import gc
import weakref

from core.tasks import cancelled


class Keeper:
    """Has a task that works with it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        self.begun.set()
        await asyncio.Event().wait()


async def test_who_ended_their_task_is_gone_without_the_garbage_collector() -> None:
    keeper = Keeper()
    await keeper.begun.wait()
    await cancelled(keeper.task)
    there = weakref.ref(keeper)
    gc.disable()
    try:
        del keeper
        assert there() is None
    finally:
        gc.enable()

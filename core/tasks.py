"""Ending tasks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Returns when all *tasks*, told to stop, have stopped, whatever they raised."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        # Until it is asked, it keeps where it was when it was cancelled, and by that most often who keeps the task: only the
        # garbage collector would find them, some fifty objects an answer.
        if task.cancelled():
            with suppress(asyncio.CancelledError):
                task.result()

"""Telegram counts requests where they arrive, and not all of them travel equally long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bots.telegram.connecting import Connecting
from core.ports import Clock

MOST = 30
"""Requests that Telegram takes in a second ("no more than 30 messages per second or so", "Bots FAQ", on limits)."""
SECOND = 1.0
TRAVEL = 1.0
"""Seconds after which a request that is not answered yet has arrived, or never will."""
LOOK = 0.02
"""Seconds between two looks whether a request was answered."""


class Window:
    """However long each of them travels, in no second more than *most* requests arrive: one that was sent counts until a
    second after it was answered. Whoever comes first goes first."""

    def __init__(self, clock: Clock, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._turn = asyncio.Lock()
        self._counted: dict[object, float] = {}

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """The block is one request."""
        async with self._turn:
            while self._is_full():
                await self._clock.sleep(LOOK)
            request = object()
            self._counted[request] = self._clock.monotonic() + TRAVEL + SECOND
        try:
            yield
        finally:
            self._counted[request] = self._clock.monotonic() + SECOND

    def _is_full(self) -> bool:
        now = self._clock.monotonic()
        self._counted = {request: until for request, until in self._counted.items() if until > now}
        return len(self._counted) >= self._most


class Writing(Connecting):
    """What the bot writes, through a window."""

    def __init__(self, window: Window, **settings: Any) -> None:
        super().__init__(**settings)
        self._window = window

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        async with self._window.passing():
            return await super().do_request(*args, **kwargs)

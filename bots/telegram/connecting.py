"""Connections to Telegram that do not run out."""

from __future__ import annotations

from typing import Any

from telegram.error import TimedOut
from telegram.request import HTTPXRequest

NONE_FREE = "Pool timeout"
"""How python-telegram-bot begins to say that no connection became free."""


class Connecting(HTTPXRequest):
    """Where a request is cancelled while its connection is being made or read, httpcore (1.0.9) now and then keeps that
    connection for ever. When none is free for as long as one may have to wait, all of them are made anew."""

    _made = 0

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        made = self._made
        try:
            return await super().do_request(*args, **kwargs)
        except TimedOut as problem:
            if NONE_FREE in problem.message and made == self._made:
                await self._anew()
            raise

    async def _anew(self) -> None:
        """In one step: between the library's own `shutdown` and `initialize` other requests would find none at all."""
        self._made += 1
        old, self._client = self._client, self._build_client()
        await old.aclose()

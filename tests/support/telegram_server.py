"""A Telegram on loopback: the Bot API, as strict as its reference, with flood limits; and the people on it.

What bots do to it is checked, kept and can be looked at; what people do is a method: `say`, `edit`, `press`, `migrate`.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.telegram_people import TelegramPeople
from tests.support.telegram_state import PREVIEW
from tests.support.telegram_world import BOT


class TelegramServer(TelegramPeople):
    """``async with TelegramServer() as telegram``: listens on `api_url` until the block ends."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=60_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._api)
        app.router.add_get("/file/bot{token}/{path:.*}", self._download)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.api_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hanging.set()
        await self.updates.close()
        await self._runner.cleanup()

    def shown(self, chat: int) -> list[str]:
        """The texts of the bot's messages there, oldest first."""
        return [str(message.get("text", message.get("caption", ""))) for message in self.by_bot(chat)]

    def by_bot(self, chat: int) -> list[dict[str, Any]]:
        here = (message for (place, _), message in self.messages.items() if place == chat)
        return [message for message in here if message.get("from", {}).get("id") == BOT]

    def buttons(self, message: dict[str, Any]) -> dict[str, str]:
        """Label and callback_data of each button under *message*."""
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        return {button["text"]: button.get("callback_data", "") for row in rows for button in row}

    def preview(self, chat: int) -> str | None:
        """The text of the draft that is visible there right now."""
        fresh = [draft for (place, _), draft in self.previews.items() if place == chat]
        return fresh[-1].text if fresh and self.now() - fresh[-1].at < PREVIEW else None

    @property
    def connected(self) -> bool:
        """Whether the bot waits for updates."""
        return self.updates.polled or bool(self.updates.webhook)

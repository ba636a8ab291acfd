"""A Discord on loopback, as strict as the reference: REST with rate-limit buckets, and a gateway.

What bots do to it is checked, kept and can be looked at; what people do is a method: `say`, `edit`, `press`, `slash`.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.discord_invoking import DiscordInvoking
from tests.support.discord_world import (
    BOT,
    GENERAL,
    NAMES,
    guild,
    stamp,
    user,
)


class DiscordServer(DiscordInvoking):
    """``async with DiscordServer() as discord``: listens on `api_url` and `gateway_url` until the block ends."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=30_000_000)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_route("*", "/api/v10/{path:.*}", self._api)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.api_url = f"http://127.0.0.1:{self.port}/api/v10"
        self.gateway_url = self.gateway.url = f"ws://127.0.0.1:{self.port}/gateway/"
        self.gateway.ready = {"user": user(BOT, bot=True), "application": {"id": BOT, "flags": self._flags()}}
        self.gateway.guilds = [guild(self.channels.values())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hanging.set()
        await self.gateway.drop()
        await self._runner.cleanup()

    # people

    def say(self, author: str, content: str, channel: str = GENERAL, /, **more: Any) -> str:
        """*author* writes; the message's id. more: any further field of a message."""
        message = self._message(channel, author, content, more)
        self._announce("MESSAGE_CREATE", message)
        return str(message["id"])

    def repeat(self, message: str) -> None:
        """The same gateway event once more."""
        self._announce("MESSAGE_CREATE", self.messages[message])

    def edit(self, message: str, content: str) -> None:
        self.messages[message] |= {
            "content": content,
            "edited_timestamp": stamp(),
            "mentions": [user(id_) for id_ in NAMES if f"<@{id_}>" in content],
        }
        self._announce("MESSAGE_UPDATE", self.messages[message])

    # what can be seen

    def shown(self, channel: str = GENERAL) -> list[str]:
        """The texts of the bot's messages in *channel*, oldest first."""
        return [str(message["content"]) for message in self.by_bot(channel)]

    def by_bot(self, channel: str = GENERAL) -> list[dict[str, Any]]:
        here = (message for message in self.messages.values() if message["channel_id"] == channel)
        return [message for message in here if message["author"]["id"] == BOT]

    def buttons(self, message: dict[str, Any]) -> dict[str, str]:
        """Label and custom_id of each button under *message*."""
        rows = message.get("components", [])
        return {part.get("label", ""): part.get("custom_id", "") for row in rows for part in row["components"]}

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["name"]])

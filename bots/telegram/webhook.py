"""Updates that Telegram delivers: answered with 200 only when they are stored, and delivered again where they are not."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from telegram import Bot, Update

from bots.shared.hooks import Hook, Hooks, headers_for
from bots.shared.patience import Patience
from bots.shared.surface import SurfaceRefused
from bots.telegram.away import Away
from bots.telegram.library import legible
from bots.telegram.receiving import wanting
from core.config_platforms import WebhookConfig
from core.limits.repeats import Repeats

log = structlog.get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name ("setWebhook" in the Bot API)
LARGEST = 1_000_000
"""Bytes of an update: Telegram's are some kilobytes."""
OWN_PORT = 8081
"""Where a server of its own listens, unless the configuration says otherwise."""
LINGERING = 1.0
"""Seconds for which the rest of a refused body is read, so that its sender reads the answer."""


def secret_of(settings: WebhookConfig, token: str) -> str:
    """The configured one, or one that every process with this *token* comes to by itself."""
    return settings.secret.get_secret_value() or hmac.new(token.encode(), b"webhook", sha256).hexdigest()


class Deliveries:
    """What any HTTP server can hand deliveries to: first `is_genuine`, then the body to `receive`."""

    def __init__(self, bot: Bot, secret: str, away: Away) -> None:
        self._bot = bot
        self._secret = secret.encode()
        self._away = away

    def is_genuine(self, given: str) -> bool:
        """Whether *given*, from the header `SECRET_HEADER`, is the secret; found out in the same time for any."""
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self._secret)

    async def receive(self, body: bytes) -> HTTPStatus:
        """Returns when the update is stored, or cannot be. What cannot be read is taken all the same: it would come again
        and again."""
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            return HTTPStatus.BAD_REQUEST
        heard = Update.de_json(legible(update), self._bot)
        if heard is None or await self._away.takes(heard):
            return HTTPStatus.OK
        return HTTPStatus.SERVICE_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Webhook:
    """At the web page's port, where this process serves it (*hooks*) and no other port is configured; else at a small
    server of its own. *announce* is told what the operator wants to see."""

    bot: Bot
    settings: WebhookConfig
    patience: Patience
    announce: Callable[[str], None]
    hooks: Hooks | None

    async def run(self, away: Away) -> None:
        """Until it is cancelled. Raises SurfaceRefused."""
        secret = secret_of(self.settings, self.bot.token)
        path = urlsplit(self.settings.url).path or "/"
        async with self._open(path, Deliveries(self.bot, secret, away)) as where:
            self.announce(f"telegram: updates are delivered to {self.settings.url}, here {where}")
            await self.patience.patiently(
                lambda: wanting(
                    lambda kinds: self.bot.set_webhook(self.settings.url, allowed_updates=kinds, secret_token=secret)
                )
            )
            await asyncio.Event().wait()

    @asynccontextmanager
    async def _open(self, path: str, deliveries: Deliveries) -> AsyncIterator[str]:
        """Takes deliveries to *path* until the block ends; where that is, for the operator."""
        if self.hooks is not None and self.settings.port is None:
            with self.hooks.opened(path, _hook(deliveries)):
                yield f"the web page's port, {path}"
            return
        runner = web.AppRunner(_app(path, deliveries), access_log=None, lingering_time=LINGERING)
        await runner.setup()
        try:
            yield await self._listen(runner)
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> str:
        host, port = self.settings.host, OWN_PORT if self.settings.port is None else self.settings.port
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as problem:
            raise SurfaceRefused(f"the webhook cannot listen on {host}:{port}: {problem.strerror}") from problem
        return f"{host}:{port}"


def _hook(deliveries: Deliveries) -> Hook:
    name = SECRET_HEADER.lower()
    return Hook(lambda headers: deliveries.is_genuine(headers.get(name, "")), deliveries.receive, LARGEST)


def _app(path: str, deliveries: Deliveries) -> web.Application:
    refused = Repeats()

    async def delivered(request: web.Request) -> web.Response:
        if not deliveries.is_genuine(request.headers.get(SECRET_HEADER, "")):
            refused.warn(log, "telegram.delivery_refused", remote=request.remote)
            return web.Response(status=HTTPStatus.FORBIDDEN)
        status = await deliveries.receive(await request.read())
        return web.Response(status=status, headers=headers_for(status))

    app = web.Application(client_max_size=LARGEST)
    app.router.add_post(path, delivered)
    return app

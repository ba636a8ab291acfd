"""The web page, the API beside it, and the one server for both."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from bots.shared.hooks import Hooks
from bots.shared.platform import Desk, Finding, Platform, State
from bots.shared.surface import SurfaceRefused
from bots.web import conversations, events, health, login, messages, pages, personal, reports
from bots.web.api.app import open_api
from bots.web.api.naming import Naming
from bots.web.assets import Assets, read_assets
from bots.web.connections import Bounds, Connections
from bots.web.deliveries import deliveries
from bots.web.door import Door, Gate
from bots.web.entrance import Entrance
from bots.web.exposure import SHORTEST_TOKEN, Exposure, address, exposure_of
from bots.web.front import LANE, Front, Routes
from bots.web.leaving import Leaving
from bots.web.listening import Manners, bind, room, serve
from bots.web.notices import notice
from bots.web.proxies import THIS_MACHINE
from bots.web.stream import FeedReplies
from bots.web.streams import Streams
from bots.web.visitors import SECRET, Tickets
from core.config import Config
from core.errors import StoreError
from core.ports import Clock

log = structlog.get_logger(__name__)

SMALLEST_PACKED = 1000
"""Bytes of an answer that is worth compressing."""


@dataclass(frozen=True, slots=True)
class WebPage:
    """``await page.run()`` serves until it is cancelled. *announce* is told what the operator wants to see."""

    front: Front
    gate: Gate
    assets: Assets
    api: Routes
    announce: Callable[[str], None]

    async def run(self) -> int:
        """Raises SurfaceRefused."""
        if self.gate.exposure.refusal:
            raise SurfaceRefused(self.gate.exposure.refusal)
        web = self.front.config.web
        sockets = await bind(web.host, web.port)
        self.announce(f"web: {_places(self.gate.exposure, sockets, web.url)} ({self.gate.exposure.who})")
        exempt = [*self.gate.trusted, *THIS_MACHINE]
        connections = Connections(Bounds(room(web.connections)), exempt, self.front.desk.clock, self.front.desk.watch)
        await serve(self._app(), sockets, connections, Manners(self.front.config.inbox.drain, self.gate.leaving.leave))
        return 0

    def _app(self) -> Starlette:
        routed = (pages, conversations, messages, personal, events, health)
        routes = [route for module in routed for route in module.routes(self.front)]
        routes += [*self.api, *self.assets.routes(), *login.routes(self.gate, self.front.assets)]
        routes += reports.routes(self.front.desk.watch)
        naming = Middleware(Naming, chance=self.front.desk.chance)
        middleware = [
            naming,
            Middleware(Door, gate=self.gate),
            Middleware(GZipMiddleware, minimum_size=SMALLEST_PACKED),
        ]
        app = Starlette(routes=routes, middleware=middleware, exception_handlers=TOLD)
        app.router.redirect_slashes = False
        app.router.default = deliveries(self.gate.hooks)
        return app


@asynccontextmanager
async def open_platform(desk: Desk, config: Config, announce: Callable[[str], None]) -> AsyncIterator[Platform]:
    """As `PlatformModule` says."""
    assets = read_assets()
    gate = await _gate(desk, config)
    front = Front(desk, config, assets.path, Streams(desk.watch), gate.entrance)
    replies = FeedReplies(desk.store, desk.clock)
    async with open_api(front) as api:
        yield Platform(LANE, WebPage(front, gate, assets, api, announce).run, replies)


async def examine(config: Config, clock: Clock) -> list[Finding]:  # noqa: ARG001  # as `PlatformModule` says
    """As `PlatformModule` says: nothing is asked, as nobody else knows."""
    web, exposure = config.web, exposure_of(config.web)
    if exposure.refusal:
        return [Finding(State.ERROR, LANE, exposure.refusal)]
    found = [Finding(State.WARN if web.open else State.OK, LANE, f"{exposure.url} ({exposure.who})")]
    if exposure.guarded and len(web.token.get_secret_value()) < SHORTEST_TOKEN:
        found.append(Finding(State.WARN, LANE, f"web.token can be guessed: {SHORTEST_TOKEN} characters are safer"))
    return found


async def _gate(desk: Desk, config: Config) -> Gate:
    web, exposure = config.web, exposure_of(config.web)
    keys = [key.get_secret_value() for key in web.cookie_keys]
    if not keys:
        keys = [await desk.store.secret(SECRET, desk.chance.name() + desk.chance.name())]
    token = web.token.get_secret_value() if exposure.guarded else ""
    return Gate(
        exposure=exposure,
        trusted=[ip_network(network) for network in web.trusted_proxies],
        tickets=Tickets(keys, token, desk.clock, desk.chance),
        entrance=Entrance(web, desk.store, desk.chance),
        hooks=desk.hooks or Hooks(),
        leaving=Leaving(desk.vitals, desk.clock),
    )


def _places(exposure: Exposure, sockets: Sequence[socket.socket], configured: str | None) -> str:
    """Where people find it, and where it listens; with the port that was free, where any would do."""
    here = address(exposure.host, sockets[0].getsockname()[1])
    return f"{configured}, here {here}" if configured else here


async def _told(request: Request, problem: Exception) -> Response:
    if isinstance(problem, StoreError):
        log.warning("web.store_away", detail=str(problem))
        return notice(request, HTTPException(503))
    return notice(request, problem if isinstance(problem, HTTPException) else HTTPException(500))


TOLD = {HTTPException: _told, StoreError: _told, 500: _told}
"""What a request may end in, and where its sender is told so."""

"""A listener for those who watch a process that does not serve the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

from starlette.applications import Starlette
from starlette.requests import Request

from bots.web.connections import Bounds, Connections
from bots.web.exposure import address
from bots.web.health import probes
from bots.web.listening import Manners, bind, serve
from bots.web.proxies import FORWARDING, address_of, is_within
from core.config import Config
from core.ports import Clock
from core.tasks import cancelled
from core.watching import UNWATCHED, Vitals

MOST = 50
"""Connections at once: a load balancer and a Prometheus or two."""
PATIENCE = 1.0
"""Seconds that what is being answered gets at the end."""


@asynccontextmanager
async def open_probes(
    config: Config, vitals: Vitals, clock: Clock, announce: Callable[[str], None]
) -> AsyncIterator[None]:
    """Until the block ends, `telemetry.port` answers what the page's does. Raises SurfaceRefused."""
    allowed = [ip_network(network) for network in config.web.metrics]

    async def may_read(request: Request) -> bool:
        return is_within(address_of(request), allowed) and FORWARDING.isdisjoint(request.headers.keys())

    host = config.telemetry.host
    sockets = await bind(host, config.telemetry.port or 0)
    announce(f"telemetry: {address(host, sockets[0].getsockname()[1])}")
    connections = Connections(
        Bounds(MOST), [ip_network(everybody) for everybody in ("0.0.0.0/0", "::/0")], clock, UNWATCHED
    )
    app = Starlette(routes=probes(vitals, may_read))
    serving = asyncio.create_task(serve(app, sockets, connections, Manners(PATIENCE)), name="probes")
    try:
        yield
    finally:
        await cancelled(serving)

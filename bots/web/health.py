"""Whether the process lives, whether it can be given work, and what it counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_network

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bots.web.front import RELAYED, Front, Routes
from bots.web.proxies import address_of, is_within
from core.watching import Vitals


def routes(front: Front) -> Routes:
    """For load balancers and Prometheus: without a cookie, whatever host they ask for."""
    allowed = [ip_network(network) for network in front.config.web.metrics]

    async def may_read(request: Request) -> bool:
        is_allowed = is_within(address_of(request), allowed) and not request.scope["state"][RELAYED]
        return is_allowed or await front.entrance.operates(request)

    return probes(front.desk.vitals, may_read)


def probes(vitals: Vitals, may_read: Callable[[Request], Awaitable[bool]]) -> Routes:
    """*may_read*: whether what is counted is for whoever asks."""

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def ready(_request: Request) -> Response:
        is_ready = await vitals.ready()
        return PlainTextResponse("ready\n" if is_ready else "not ready\n", 200 if is_ready else 503)

    async def metrics(request: Request) -> Response:
        if not await may_read(request):
            raise HTTPException(404)
        exposition = await vitals.metrics()
        return Response(exposition.body, headers={"Content-Type": exposition.content_type})

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", metrics)]

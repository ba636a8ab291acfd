"""Requests to what no route is for: deliveries of other servers, where a platform takes them; nothing else."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import ASGIApp

from bots.shared.hooks import Hooks, headers_for
from bots.web.proxies import address_of
from core.limits.repeats import Repeats

log = structlog.get_logger(__name__)


def deliveries(hooks: Hooks) -> ASGIApp:
    refused = Repeats()

    async def delivered(request: Request) -> Response:
        hook = hooks.at(request.scope["path"])
        if hook is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if request.method != "POST":
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        if not hook.admits(request.headers):
            refused.warn(log, "web.delivery_refused", address=address_of(request))
            return Response(status_code=HTTPStatus.FORBIDDEN)
        status = await hook.receive(await request.body())
        return Response(status_code=status, headers=headers_for(status))

    return request_response(delivered)

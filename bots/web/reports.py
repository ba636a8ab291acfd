"""What browsers report of the page's policy: there should be nothing."""

from __future__ import annotations

import json
from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bots.web.front import Routes
from bots.web.heading import REPORTS
from core.limits.repeats import Repeats
from core.watching import Watch

log = structlog.get_logger(__name__)

LARGEST = 16_384
"""Bytes of a report that is read."""
TOLD = ("effective-directive", "blocked-uri", "source-file", "line-number")
_LONGEST = 200


def routes(watch: Watch) -> Routes:
    broken = Repeats()

    async def reported(request: Request) -> Response:
        """A report says where something was to run; the log gets that much of it, and no words of anybody's."""
        body = await request.body()
        try:
            report = json.loads(body[:LARGEST])["csp-report"]
            told = {name: str(report.get(name, ""))[:_LONGEST] for name in TOLD}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
            raise HTTPException(HTTPStatus.BAD_REQUEST) from problem
        broken.warn(log, "page.policy_broken", **{name.replace("-", "_"): text for name, text in told.items()})
        watch.failed("PolicyBroken")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return [Route(REPORTS, reported, methods=["POST"])]

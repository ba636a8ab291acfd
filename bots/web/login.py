"""Where visitors show the token, once for each browser. Works without a script."""

from __future__ import annotations

import html
from http import HTTPStatus
from string import Template
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bots.web.assets import FOLDER
from bots.web.door import LOGIN, Gate, cookie_of, keep
from bots.web.front import Routes
from bots.web.languages import language_of
from bots.web.proxies import address_of
from core.wording import tongue_of
from core.wording_door import Notice, tell

LONGEST = 4096
"""Bytes of the form that are read as one: a token is shorter."""
TEMPLATE = Template((FOLDER / "login.html").read_text())


def routes(gate: Gate, assets: str) -> Routes:
    """*assets*: as in `Front`."""

    def page(request: Request, problem: str = "", status: int = 200) -> Response:
        language = language_of(request)
        words = {word: tell(Notice(f"login_{word}"), language) for word in ("title", "label", "button")}
        said = {**words, "problem": problem, "language": tongue_of(language)}
        filled = {name: html.escape(text) for name, text in said.items()}
        return HTMLResponse(TEMPLATE.substitute(filled, assets=assets), status)

    async def shown(request: Request) -> Response:
        return page(request) if gate.exposure.guarded else RedirectResponse("/", HTTPStatus.SEE_OTHER)

    async def tried(request: Request) -> Response:
        token = await _token_in(request)
        try:
            holder = await gate.entrance.holder(address_of(request), token)
        except HTTPException as problem:
            return _slowed(request, problem)
        if holder is None or holder.client is not None:
            return page(request, tell(Notice.LOGIN_WRONG, language_of(request)), HTTPStatus.UNAUTHORIZED)
        return _welcomed(request, gate)

    def _slowed(request: Request, problem: HTTPException) -> Response:
        seconds = (problem.headers or {}).get("Retry-After", "")
        response = page(request, tell(Notice.LOGIN_SLOWLY, language_of(request), seconds=seconds), problem.status_code)
        response.headers.update(problem.headers or {})
        return response

    return [Route(LOGIN, shown), Route(LOGIN, tried, methods=["POST"])]


def _welcomed(request: Request, gate: Gate) -> Response:
    """On their way to the page, with a cookie; whoever was here before stays who they were."""
    tickets = gate.tickets
    ticket = tickets.read(request.cookies.get(cookie_of(request), "")) or tickets.fresh()
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    keep(response, request, tickets.write(tickets.admitted(ticket)))
    return response


async def _token_in(request: Request) -> str:
    """What was typed; empty for a form without it."""
    body = await request.body()
    fields = parse_qs(body[:LONGEST].decode(errors="replace"))
    return fields.get("token", [""])[0].strip()

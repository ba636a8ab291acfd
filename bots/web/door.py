"""What every request passes: where it comes from, whether it may come in, as whom, and with how much."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bots.shared.hooks import Hooks
from bots.web.bodies import announced, bounded, most_for
from bots.web.entrance import Entrance, bearer_of
from bots.web.exposure import Exposure
from bots.web.front import RELAYED, VISITOR, Visitor
from bots.web.heading import REPORTS, headed
from bots.web.hosts import NOBODY, Host, host_in
from bots.web.languages import language_of
from bots.web.leaving import Leaving
from bots.web.notices import API, PAGE, notice, path_of
from bots.web.proxies import THIS_MACHINE, Network, Origin, address_of, is_relayed, is_within, origin_of
from bots.web.visitors import LIFETIME, Ticket, Tickets
from core.errors import StoreError

LOGIN = "/login"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked for by machines, under whatever name they know this one by."""
PUBLIC = PROBES | {LOGIN, REPORTS, "/openapi.json", "/favicon.ico", "/robots.txt"}
PUBLIC_BELOW = ("/static/", API)
"""Files that hold nothing of anybody's, and what looks at keys of its own."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""
CUSTOM = "x-parlour"
"""A header that no page of another site can send unasked: its browser would ask first, and is told nothing."""
OURS = frozenset({"same-origin", "none"})
"""What Sec-Fetch-Site says of requests by the page itself, and of those that a person makes."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the door decides by."""

    exposure: Exposure
    trusted: Sequence[Network]
    tickets: Tickets
    entrance: Entrance
    hooks: Hooks
    leaving: Leaving


class Door:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = self._as_asked(scope)
        send = headed(self._gate.leaving.said(send), secure=scope["scheme"] == "https")
        try:
            most = self._pass(request)
            ticket, turned_away = (None, None) if self._is_public(request) else await self._identify(request)
        except HTTPException as problem:
            await notice(request, problem)(scope, receive, send)
        except StoreError:
            await notice(request, HTTPException(503))(scope, receive, send)
        else:
            answering = turned_away or self._app
            receive = self._gate.leaving.heard(receive) if _is_followed(request) else bounded(receive, most)
            with suppress(ClientDisconnect):  # in the middle of its own body: nobody is there to be told
                await answering(scope, receive, send if ticket is None else keeping(send, request, ticket, self._gate))

    def _as_asked(self, scope: Scope) -> Request:
        """The request with the address, scheme and host that its sender has and meant."""
        direct = Request(scope)
        given = Origin(address_of(direct), scope["scheme"], direct.headers.get("host", ""))
        found = origin_of(given, direct.headers, self._gate.trusted)
        scope["client"], scope["scheme"] = (found.address, 0), found.scheme
        scope.setdefault("state", {})[RELAYED] = is_relayed(given, direct.headers, self._gate.trusted)
        if found.host != given.host:
            MutableHeaders(scope=scope)["host"] = found.host
        return Request(scope)

    def _pass(self, request: Request) -> int:
        """The bytes that its body may have. Raises HTTPException for what must not come in, whoever sends it."""
        path = path_of(request)
        hook = self._gate.hooks.at(path)
        if path not in PROBES and hook is None:
            self._check_host(request)
            self._check_sender(request)
        most = hook.largest if hook else most_for(path)
        if announced(request.headers) > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return most

    def _check_host(self, request: Request) -> None:
        """Where everybody on this machine may come in, so could a site whose name has been pointed at it, and the world
        through a proxy here that nobody told us of."""
        names = self._gate.exposure.names
        if names is None:
            return
        is_here = is_within(address_of(request), THIS_MACHINE) and not request.scope["state"][RELAYED]
        if not is_here or host_of(request).name not in names:
            raise HTTPException(HTTPStatus.MISDIRECTED_REQUEST)

    def _check_sender(self, request: Request) -> None:
        """Refuses what another site made a browser send."""
        if request.method in SAFE:
            return
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        own = {host_of(request), host_in(self._gate.exposure.url)} - {NOBODY}
        foreign = site not in OURS if site else origin is not None and host_in(origin) not in own
        unmarked = path_of(request).startswith(PAGE) and CUSTOM not in request.headers and not bearer_of(request)
        if foreign or unmarked:
            raise HTTPException(HTTPStatus.FORBIDDEN)

    def _is_public(self, request: Request) -> bool:
        path = path_of(request)
        return path in PUBLIC or path.startswith(PUBLIC_BELOW) or self._gate.hooks.at(path) is not None

    async def _identify(self, request: Request) -> tuple[Ticket | None, Response | None]:
        """Notes who asks. The ticket to be kept in their cookie, if it is not there; the answer, where they may not come
        in. Raises HTTPException and StoreError."""
        tickets = self._gate.tickets
        kept = tickets.read(request.cookies.get(cookie_of(request), ""))
        ticket = kept or tickets.fresh()
        if not tickets.admits(ticket):
            if not await self._gate.entrance.operates(request):
                return None, _turned_away(request)
            kept = ticket = tickets.for_programs()
        request.scope["state"][VISITOR] = Visitor(ticket.visitor, language_of(request), address_of(request))
        return (None if kept and not tickets.is_due(ticket) else tickets.renewed(ticket)), None


def keeping(send: Send, request: Request, ticket: Ticket, gate: Gate) -> Send:
    """*send*, which gives the browser *ticket* to keep, unless the answer says otherwise."""
    response = Response()
    keep(response, request, gate.tickets.write(ticket))
    cookies = response.headers.getlist("set-cookie")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and "set-cookie" not in MutableHeaders(scope=message):
            for cookie in cookies:
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return sending


def keep(response: Response, request: Request, value: str) -> None:
    """Has the browser keep *value*: no script reads it, no other site sends it along."""
    secure = request.scope["scheme"] == "https"
    response.set_cookie(cookie_of(request), value, LIFETIME, secure=secure, httponly=True, samesite="lax")


def leave(response: Response, request: Request) -> None:
    """Has the browser forget who it was."""
    secure = request.scope["scheme"] == "https"
    response.delete_cookie(cookie_of(request), secure=secure, httponly=True, samesite="lax")


def cookie_of(request: Request) -> str:
    """The cookie's name. The prefix keeps hosts beside this one from setting it; the port is in it as cookies do not heed
    ports, and two of us on one machine must not take each other's."""
    own = f"parlour{host_of(request).port}"
    return f"__Host-{own}" if request.scope["scheme"] == "https" else own


def host_of(request: Request) -> Host:
    return host_in(request.headers.get("host", ""))


def _turned_away(request: Request) -> Response:
    """Somebody in front of a browser is shown where to sign in."""
    is_shown = request.method in SAFE and "text/html" in request.headers.get("accept", "")
    if is_shown and not path_of(request).startswith(PAGE):
        return RedirectResponse(LOGIN, HTTPStatus.SEE_OTHER)
    headers = {"WWW-Authenticate": 'Bearer realm="Parlour"'}
    return notice(request, HTTPException(HTTPStatus.UNAUTHORIZED, headers=headers))


def _is_followed(request: Request) -> bool:
    """Whether it is the page that keeps this open, and opens it anew by itself."""
    return request.method == "GET" and path_of(request).startswith(PAGE)

"""What the routes of the web page share, and what the door tells them of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.routing import BaseRoute

from bots.shared.platform import Desk
from bots.web.entrance import Entrance
from bots.web.streams import Streams
from core.config import Config

LANE = "web"
Routes = list[BaseRoute]

VISITOR, RELAYED = "visitor", "relayed"
"""Under these names the door leaves in a request's state who asks, and whether a proxy that is not trusted passed it on."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """id: 26 letters and digits, the same for as long as the browser keeps its cookie. language: a BCP 47 tag.
    address: where the request came from, as far as proxies that are trusted say."""

    id: str
    language: str
    address: str


@dataclass(frozen=True, slots=True)
class Front:
    """assets: the path under which the page's files are, with their hash in it: ``/static/3f2a91c0/``. streams: what stays
    open, bounded. entrance: whose keys are known."""

    desk: Desk
    config: Config
    assets: str
    streams: Streams
    entrance: Entrance


def visitor_of(request: Request) -> Visitor:
    """Who asks: known behind the door, on every route that is not public."""
    return cast("Visitor", request.scope["state"][VISITOR])

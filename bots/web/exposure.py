"""From where the page can be reached, and whom that lets in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from core.config_platforms import WebConfig

OF_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names under which a browser on this machine asks for the page."""
ANYWHERE = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104  # what is recognised here is refused without a token
SHORTEST_TOKEN = 16
"""Characters below which a token is worth a warning."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """host: where it listens. url: where people find it. names: the hosts that may be asked for; None: any. guarded:
    whether the token is asked for. who: may come in, for the operator. refusal: why it must not be served like this, in
    one line; empty where it may be."""

    host: str
    url: str
    names: frozenset[str] | None
    guarded: bool
    who: str
    refusal: str


def exposure_of(web: WebConfig) -> Exposure:
    guarded = bool(web.token.get_secret_value()) and not web.open
    outside = _outside(web)
    refusal = "" if guarded or web.open or not outside else f"web.token: expected a token, or web.open: true, {outside}"
    names = None if guarded or web.open else OF_THIS_MACHINE | {web.host.casefold()}
    url = web.url or address(web.host, web.port)
    return Exposure(web.host, url, names, guarded, _who(guarded=guarded, is_open=web.open), refusal)


def _who(*, guarded: bool, is_open: bool) -> str:
    if guarded:
        return "for those who have the token"
    return "OPEN TO EVERYBODY who can reach it, at your cost" if is_open else "for everybody on this machine"


def address(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in ANYWHERE else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _outside(web: WebConfig) -> str:
    """What lets others than this machine reach it; empty where nothing does."""
    if not _is_of_this_machine(web.host):
        return f"as web.host {web.host} can be reached from elsewhere"
    name = urlsplit(web.url or "").hostname or ""
    return f"as web.url makes it {name}" if name and not _is_of_this_machine(name) else ""


def _is_of_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"

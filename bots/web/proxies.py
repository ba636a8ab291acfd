"""Where a request really comes from: by the word of proxies, as far as they are trusted, else by its connection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request

Network = IPv4Network | IPv6Network

THIS_MACHINE: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

_PAIR = re.compile(r'([\w!#$%&\'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))', re.ASCII)
"""One parameter of a Forwarded header (RFC 7239, section 4)."""
FORWARDING = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"})
"""Headers that a proxy leaves in what it passes on."""
_LONGEST = 2000
"""Characters of such a header that are read, from its end, where the nearest hops are."""
_V6_HOME = 64
"""Bits of an IPv6 address that belong to one customer (RFC 6177 and common practice)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Of one request. address: of who made it. scheme, host: as they asked for it."""

    address: str
    scheme: str
    host: str


def address_of(request: Request) -> str:
    """Where it comes from, as far as is known: behind the door that is who asks, before it the connection's other end."""
    return request.client.host if request.client else ""


def is_within(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def home_of(address: str) -> str:
    """The address, or the network that one customer has of IPv6: who has one address of it has them all."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _V6_HOME), strict=False))
    return address if parsed is None else str(parsed)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """None for what is none. One of IPv4 is that also where it is written as IPv6 has it, as some proxies do."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return (parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None) or parsed


def origin_of(direct: Origin, headers: Mapping[str, str], trusted: Sequence[Network]) -> Origin:
    """*direct* is what the connection itself says; *headers* (names in lower case) count where it is trusted. The
    nearest hop that is not trusted is who asks: what it claims of hops before it may be made up."""
    if not is_within(direct.address, trusted):
        return direct
    hops = _forwarded(headers["forwarded"][-_LONGEST:]) if "forwarded" in headers else _x_forwarded(headers)
    found = direct
    for hop in reversed(hops):
        address = _bare(hop.get("for", ""))
        found = replace(found, scheme=_scheme(hop, found), host=hop.get("host") or found.host)
        if not address:
            break
        found = replace(found, address=address)
        if not is_within(address, trusted):
            break
    return found


def is_relayed(direct: Origin, headers: Mapping[str, str], trusted: Sequence[Network]) -> bool:
    """Whether it came through a proxy whose word does not count: then nobody knows who asks."""
    return not is_within(direct.address, trusted) and not FORWARDING.isdisjoint(headers.keys())


def _scheme(hop: Mapping[str, str], found: Origin) -> str:
    given = hop.get("proto", "").lower()
    return given if given in {"http", "https"} else found.scheme


def _forwarded(header: str) -> list[dict[str, str]]:
    """Its elements, the first hop first."""
    return [
        {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in _PAIR.findall(element)}
        for element in re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", header)
    ]


def _x_forwarded(headers: Mapping[str, str]) -> list[dict[str, str]]:
    """The same out of the headers that were usual before it; where one of them is shorter, it is of the last hops."""
    lists = {
        name: [item.strip() for item in headers.get(f"x-forwarded-{name}", "")[-_LONGEST:].split(",") if item.strip()]
        for name in ("for", "proto", "host")
    }
    longest = max(map(len, lists.values()))
    hops: list[dict[str, str]] = [{} for _ in range(longest)]
    for name, items in lists.items():
        for hop, item in zip(reversed(hops), reversed(items), strict=False):
            hop[name] = item
    return hops


def _bare(node: str) -> str:
    """The address in ``1.2.3.4:567`` or ``[2001:db8::1]:567``; empty for ``unknown`` and names that hide one."""
    if node.startswith("["):
        node = node[1:].partition("]")[0]
    elif node.count(":") == 1:
        node = node.partition(":")[0]
    try:
        return str(ip_address(node))
    except ValueError:
        return ""

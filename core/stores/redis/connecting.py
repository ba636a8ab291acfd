"""From an address to the way there."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from core.stores.options import StoreOptions
from core.stores.redis.address import Address, Kind
from core.stores.redis.link import CONNECTIONS, Link, ServerLink
from core.stores.redis.mapped import ClusterLink, SentinelLink

CONNECT = 3.0
"""Seconds to wait for a connection."""
ANSWER = 5.0
"""Seconds to wait for an answer; scripts take microseconds, so whoever needs longer is away."""


def open_link(address: Address, options: StoreOptions) -> Link:
    """Connects at the first command, not here."""
    settings: dict[str, Any] = {
        "decode_responses": True,
        "protocol": 2,
        "socket_connect_timeout": CONNECT,
        "socket_timeout": max(ANSWER, options.replica_wait + CONNECT),
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        "max_connections": CONNECTIONS + 4,  # the subscription, a look around, and what is being replaced
        **address.options,
    }
    if address.kind is Kind.CLUSTER:
        return ClusterLink(address.description, address.hosts, settings)
    if address.kind is Kind.SENTINEL:
        return _watched(address, settings)
    host, port = address.hosts[0]
    return ServerLink(address.description, Redis(host=host, port=port, **settings))


def _watched(address: Address, settings: dict[str, Any]) -> SentinelLink:
    asking: dict[str, Any] = {
        "decode_responses": True,
        "protocol": 2,
        "socket_connect_timeout": CONNECT,
        "socket_timeout": CONNECT,
        "retry": settings["retry"],
        "ssl": address.secure,
        **{name: value for name, value in address.options.items() if name.startswith("ssl_")},
        **address.sentinel_options,
    }
    return SentinelLink(address.description, address.hosts, settings, address.service, asking)

"""Where a Redis is, from its URL. Nothing of a URL but hosts, service and database number ever enters a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from redis.asyncio.connection import SSLConnection, parse_url

from core.config_fields import one_by_one
from core.errors import ConfigError

REDIS_PORT = 6379
SENTINEL_PORT = 26379
_SENTINEL_SECRETS = ("sentinel_username", "sentinel_password")
_TAKEN = ("db", "username", "password", "host", "port", "connection_class", "client_name")


class Kind(Enum):
    """How the servers work together; the value is the form of the URL."""

    SINGLE = "redis://[user:password@]host[:port][/db]"
    SENTINEL = "redis+sentinel://[user:password@]host[:port],…/service[/db]"
    CLUSTER = "redis+cluster://[user:password@]host[:port],…"


_KINDS = {"": Kind.SINGLE, "sentinel": Kind.SENTINEL, "cluster": Kind.CLUSTER}


@dataclass(frozen=True, slots=True)
class Address:
    """hosts: of the server, the sentinels or some of the cluster's nodes. options: what redis-py takes for a
    connection (user, password, database, TLS). sentinel_options: the same for the sentinels. secure: TLS."""

    kind: Kind
    hosts: tuple[tuple[str, int], ...]
    service: str
    secure: bool
    options: Mapping[str, Any]
    sentinel_options: Mapping[str, Any]

    @property
    def description(self) -> str:
        """For people: ``Redis at localhost:6379/0``."""
        places = ", ".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)
        if self.kind is Kind.CLUSTER:
            return f"Redis cluster at {places}"
        if self.kind is Kind.SENTINEL:
            return f"Redis service {self.service} of the sentinels at {places}"
        return f"Redis at {places}/{self.options.get('db', 0)}"


def parse_address(url: str) -> Address:
    """Understands the forms of `Kind`, with ``rediss`` for TLS. Percent signs in user and password are decoded; the
    options of redis-py (``?ssl_ca_certs=…``) and ``sentinel_username``, ``sentinel_password`` may follow. Raises
    ConfigError, which never repeats the URL."""
    try:
        places = [urlsplit(place) for place in one_by_one(url)]
        parts = places[0]
        scheme, _, suffix = parts.scheme.partition("+")
        kind = _KINDS[suffix]
        port = SENTINEL_PORT if kind is Kind.SENTINEL else REDIS_PORT
        hosts = tuple((place.hostname or "localhost", place.port or port) for place in places)
        service, database = _place(kind, parts.path)
        options = _options(scheme, parts, database)
    except (KeyError, ValueError):
        raise ConfigError(f"store: this is no Redis address; expected {_expected(url)}") from None
    _require(len(hosts) == 1 or kind is not Kind.SINGLE, "one Redis server has one host", kind)
    sentinel_options = {
        name.removeprefix("sentinel_"): options.pop(name) for name in _SENTINEL_SECRETS & options.keys()
    }
    return Address(kind, hosts, service, scheme == "rediss", options, sentinel_options)


def _expected(url: str) -> str:
    scheme = url.partition(":")[0]
    suffix = scheme.partition("+")[2]
    return _KINDS.get(suffix, Kind.SINGLE).value.replace(
        "redis", "rediss" if scheme.startswith("rediss") else "redis", 1
    )


def _require(condition: bool, problem: str, kind: Kind) -> None:
    if not condition:
        raise ConfigError(f"store: {problem}; expected {kind.value}")


def _place(kind: Kind, path: str) -> tuple[str, int]:
    """Service and database number; ValueError where a word stands in the place of a number."""
    words = path.strip("/").split("/") if path.strip("/") else []
    service = words.pop(0) if words and kind is Kind.SENTINEL else ""
    database = int(words.pop(0)) if words else 0
    if words or database < 0 or (kind is Kind.CLUSTER and database) or (kind is Kind.SENTINEL and not service):
        raise ValueError
    return service, database


def _options(scheme: str, parts: SplitResult, database: int) -> dict[str, Any]:
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = [name for name in query if name in _TAKEN or not name.startswith(("ssl_", "sentinel_", "socket_"))]
    if scheme not in {"redis", "rediss"} or unknown:
        raise ValueError
    credentials, at, _ = parts.netloc.rpartition("@")
    options: dict[str, Any] = dict(parse_url(f"{scheme}://{credentials}{at}host?{urlencode(query)}"))
    options.pop("host", None)
    if options.pop("connection_class", None) is SSLConnection:
        options["ssl"] = True
    return options | {"db": database}

"""Which addresses Redis is found under, and that a password never leaves them."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.stores.redis.address import Address, Kind, parse_address


def test_one_server() -> None:
    address = parse_address("redis://localhost")
    assert (address.kind, address.hosts, address.secure) == (Kind.SINGLE, (("localhost", 6379),), False)
    assert parse_address("redis://10.0.0.1:7000/3").options == {"db": 3}
    assert parse_address("redis://[::1]:7000").hosts == (("::1", 7000),)


def test_user_and_password_are_percent_decoded() -> None:
    options = parse_address("redis://ada:p%40ss%2F%20word@db/1").options
    assert options == {"username": "ada", "password": "p@ss/ word", "db": 1}
    assert parse_address("redis://:secret@db").options == {"password": "secret", "db": 0}


def test_tls_and_its_options() -> None:
    address = parse_address("rediss://db?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=none")
    assert address.secure
    assert address.options == {"ssl": True, "ssl_ca_certs": "/etc/ca.pem", "ssl_cert_reqs": "none", "db": 0}
    assert parse_address("rediss+cluster://a:1,b:2").secure
    assert parse_address("rediss+sentinel://a:1,b:2/main").secure


def test_a_cluster_is_found_through_any_of_its_nodes() -> None:
    address = parse_address("redis+cluster://u:p@one:7001,two:7002,three")
    assert address.kind is Kind.CLUSTER
    assert address.hosts == (("one", 7001), ("two", 7002), ("three", 6379))


def test_sentinels_name_a_service() -> None:
    address = parse_address("redis+sentinel://:p@one,two:5000/main/2?sentinel_password=watch")
    assert address.kind is Kind.SENTINEL
    assert address.hosts == (("one", 26379), ("two", 5000))
    assert (address.service, address.options["db"]) == ("main", 2)
    assert address.sentinel_options == {"password": "watch"}
    assert "sentinel_password" not in address.options


@pytest.mark.parametrize(
    ("url", "description"),
    [
        ("redis://u:hush@db:1/2", "Redis at db:1/2"),
        ("redis+cluster://u:hush@a:1,[::1]:2", "Redis cluster at a:1, [::1]:2"),
        ("redis+sentinel://u:hush@a:1/main?sentinel_password=hush", "Redis service main of the sentinels at a:1"),
    ],
)
def test_a_description_keeps_the_password_to_itself(url: str, description: str) -> None:
    address: Address = parse_address(url)
    assert address.description == description


BROKEN = [
    "redis://:hush@db:port",
    "redis://:hush@db:70000",
    "redis://:hush@db/one",
    "redis://:hush@db/-1",
    "redis://:hush@db/1/2",
    "redis://:hush@a,b",
    "redis://:hush@db?colour=red",
    "redis://:hush@db?socket_timeout=soon",
    "redis://:hu/sh@db",
    "redis://:hush@[::1",
    "redis+cluster://:hush@a/1",
    "redis+sentinel://:hush@a",
    "redis+sentinel://:hush@a/main/two",
    "redis+mirror://:hush@a",
]


@pytest.mark.parametrize("url", BROKEN)
def test_a_wrong_address_is_one_line_that_says_what_is_expected(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address(url)
    line = str(caught.value)
    assert line.startswith("store: ")
    assert "expected redis" in line
    assert "\n" not in line
    assert "hu" not in line
    assert caught.value.__suppress_context__ or caught.value.__context__ is None

"""Where a request comes from, by the word of proxies that are trusted and of no others."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.web.exposure import exposure_of
from bots.web.hosts import NOBODY, Host, host_in
from bots.web.languages import preferred
from bots.web.proxies import Origin, home_of, is_within, origin_of
from core.config_platforms import WebConfig
from tests.support.door import door

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("::1/128")]
DIRECT = Origin("10.0.0.1", "http", "inside")

FORWARDED = {
    "for=192.0.2.60;proto=https;host=chat.example.org": Origin("192.0.2.60", "https", "chat.example.org"),
    'For="[2001:db8:cafe::17]:4711"': Origin("2001:db8:cafe::17", "http", "inside"),
    "for=192.0.2.43, for=10.1.2.3;proto=https": Origin("192.0.2.43", "https", "inside"),
    "for=1.1.1.1, for=192.0.2.43": Origin("192.0.2.43", "http", "inside"),  # the first is a claim of the second
    "for=unknown;proto=https": Origin("10.0.0.1", "https", "inside"),
    "for=_hidden, for=10.0.0.2": Origin("10.0.0.2", "http", "inside"),
    'for="a, b;=", for=192.0.2.1': Origin("192.0.2.1", "http", "inside"),
    "proto=gopher;;;": DIRECT,
    "": DIRECT,
}
X_FORWARDED = {
    ("192.0.2.60", "https", "chat.example.org"): Origin("192.0.2.60", "https", "chat.example.org"),
    ("1.1.1.1, 192.0.2.60", "https", ""): Origin("192.0.2.60", "https", "inside"),
    ("192.0.2.60, 10.0.0.9", "https", ""): Origin("192.0.2.60", "https", "inside"),
    ("192.0.2.60:80", "", ""): Origin("192.0.2.60", "http", "inside"),
    ("nonsense", "", ""): DIRECT,
}


@pytest.mark.parametrize("header", FORWARDED)
def test_a_trusted_proxy_says_who_asks(header: str) -> None:
    assert origin_of(DIRECT, {"forwarded": header}, TRUSTED) == FORWARDED[header]


@pytest.mark.parametrize("headers", X_FORWARDED)
def test_so_do_the_older_headers(headers: tuple[str, str, str]) -> None:
    names = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")
    assert origin_of(DIRECT, dict(zip(names, headers, strict=True)), TRUSTED) == X_FORWARDED[headers]


def test_a_stranger_is_not_believed() -> None:
    stranger = Origin("192.0.2.1", "http", "chat.example.org")
    said = {"forwarded": "for=127.0.0.1;proto=https;host=localhost", "x-forwarded-for": "127.0.0.1"}
    assert origin_of(stranger, said, TRUSTED) == stranger


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_they_say_is_read(forwarded: str, older: str) -> None:
    for headers in ({"forwarded": forwarded}, {"x-forwarded-for": older, "x-forwarded-proto": forwarded}):
        assert origin_of(DIRECT, headers, TRUSTED).scheme in {"http", "https"}


def test_an_address_of_ipv6_stands_for_its_network() -> None:
    assert home_of("2001:db8:1:2:3::4") == home_of("2001:db8:1:2::9") != home_of("2001:db8:1:3::4")
    assert home_of("192.0.2.1") != home_of("192.0.2.2")


def test_an_address_of_ipv4_is_one_however_a_proxy_writes_it() -> None:
    assert home_of("::ffff:192.0.2.1") == home_of("192.0.2.1") != home_of("::ffff:192.0.2.2")
    assert is_within("::ffff:10.1.1.1", TRUSTED)


HOSTS = {
    "Chat.Example.org": Host("chat.example.org", ""),
    "localhost:8080": Host("localhost", "8080"),
    "https://chat.example.org:443": Host("chat.example.org", ""),
    "[::1]:8080": Host("::1", "8080"),
    "null": Host("null", ""),
}


@pytest.mark.parametrize("text", HOSTS)
def test_hosts_are_read_as_browsers_write_them(text: str) -> None:
    assert host_in(text) == HOSTS[text]


@pytest.mark.parametrize("text", ["", "[", "a b", "user@localhost", "localhost:x", "http://", "ftp://localhost", "a/b"])
def test_what_is_no_host_is_nobodys(text: str) -> None:
    assert host_in(text) == NOBODY


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"), ("en;q=0.2, zh;q=0.7", "zh"), ("*", "en"), ("", "en"), (";q=,,", "en")],
)
def test_the_language_wanted_most_is_spoken(header: str, language: str) -> None:
    assert preferred(header) == language


REFUSED = [
    {"host": "0.0.0.0"},
    {"host": "::"},
    {"host": "192.168.1.5"},
    {"host": "chat.example.org"},
    {"url": "https://chat.example.org"},
]


@pytest.mark.parametrize("settings", REFUSED)
def test_nobody_is_let_in_from_elsewhere_by_accident(settings: dict[str, str]) -> None:
    assert exposure_of(WebConfig.model_validate(settings)).refusal.startswith("web.token: expected a token")
    for meant in ({"token": "a-token-of-ours"}, {"open": True}):
        assert not exposure_of(WebConfig.model_validate({**settings, **meant})).refusal


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_this_machine_may_always_come_in(host: str) -> None:
    exposure = exposure_of(WebConfig(host=host))
    assert not exposure.refusal
    assert exposure.names is not None
    assert host in exposure.names


async def test_behind_a_trusted_proxy_with_tls_cookies_are_for_tls_only(tmp_path: Path) -> None:
    told = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example.org"}
    settings = ("url: https://chat.example.org", "token: a-token-of-ours")
    async with (
        door(tmp_path, *settings, "trusted_proxies: [127.0.0.1]") as proxy,
        door(tmp_path, *settings) as stranger,
    ):
        trusted = await proxy.post("/login", data={"token": "a-token-of-ours"}, headers=told)
        assert trusted.headers["set-cookie"].startswith("__Host-parlour=")
        assert "Secure" in trusted.headers["set-cookie"]
        assert "max-age" in trusted.headers["strict-transport-security"]
        believed = await stranger.post("/login", data={"token": "a-token-of-ours"}, headers=told)
        assert "Secure" not in believed.headers["set-cookie"]

"""Kinds of configuration values: what a duration, a URL or a header may look like.

The validators' ValueErrors say what is expected and never hold the value, which may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)?", re.ASCII)
HOMES = ("discord", "telegram", "terminal", "web", "api")
"""How ids begin: where they belong."""
_PERSON = re.compile(rf"(?:{'|'.join(HOMES)}):\S+")
_SHORT_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REDIS_SCHEMES = {f"{scheme}{kind}" for scheme in ("redis", "rediss") for kind in ("", "+cluster", "+sentinel")}
_STORE_SCHEMES = frozenset({"sqlite", *_REDIS_SCHEMES})
_LONGEST_URL = 2000
_HOSTS = re.compile(r"([^/?#]*://(?:[^/?#]*@)?)([^/?#]*)(.*)", re.DOTALL)


def has_unit(value: object) -> bool:
    """Whether that is a duration, and no number that stands in quotation marks."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return match is not None and match[2] is not None


def _duration(value: object) -> object:
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise ValueError("a duration such as 500ms, 30s, 15m, 1h or 7d")
        return float(match[1]) * _UNITS[match[2] or "s"]
    return _no_bool(value)


def _pace(value: object) -> object:
    """Number and seconds of ``20/1m``."""
    number, slash, period = str(value).partition("/")
    seconds = _duration(period) if slash and number.strip().isdecimal() else None
    if not isinstance(seconds, float) or not seconds or not int(number):
        raise ValueError("a number and a duration such as 20/1m or 300/1d")
    return int(number), seconds


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number")  # noqa: TRY004  # the validator turns only ValueError into its own error
    return value


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _one_is_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _printable(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("a name of printable characters")
    return text


def _header(text: str) -> str:
    """Fit for an HTTP header: a library that meets another character would put the whole value into its error."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("printable ASCII characters without line breaks")
    return text


def _secret(value: object) -> object:
    return _header(value.strip()) if isinstance(value, str) else value


def longer(least: int, *, or_none: bool = False) -> Callable[[SecretStr], SecretStr]:
    """A validator for secrets that people make up: *least* characters; with *or_none* also none at all."""

    def check(secret: SecretStr) -> SecretStr:
        length = len(secret.get_secret_value())
        if length < least and not (or_none and length == 0):
            raise ValueError(f"at least {least} characters")
        return secret

    return check


def _short_name(text: str) -> str:
    if not _SHORT_NAME.fullmatch(text):
        raise ValueError("up to 64 letters, digits, dots, dashes and underscores")
    return text


def _person(value: object) -> object:
    """Before it is known to be text: a number alone lacks what text would lack too."""
    if isinstance(value, str | int) and not _PERSON.fullmatch(str(value)):
        raise ValueError("ids such as discord:123 or telegram:456")
    return value


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise ValueError("an address or a network such as 10.0.0.0/8") from error


def _url(text: str, schemes: frozenset[str], expected: str = "") -> str:
    expected = expected or f"a URL that begins with {' or '.join(f'{scheme}://' for scheme in sorted(schemes))}"
    if len(text) > _LONGEST_URL or not text.isprintable() or " " in text:
        raise ValueError(expected)
    try:
        parts = urlsplit(text)
        complete = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError as error:  # an impossible port or bracket
        raise ValueError(expected) from error
    if not complete:
        raise ValueError(expected)
    return text


def _http_url(text: str) -> str:
    return _url(text, frozenset({"http", "https"}))


def _nameless(url: str) -> str:
    """For requests that say in a header who asks: their libraries refuse to say it twice."""
    if "@" in urlsplit(url).netloc:
        raise ValueError("a URL without user and password, which belong into a header (authorization: Basic …)")
    return url


def _socket_url(text: str) -> str:
    return _url(text, frozenset({"ws", "wss"}))


def one_by_one(url: str) -> list[str]:
    """*url*, which may list hosts, once for each of them: `urlsplit` refuses a list with an IPv6 address in it."""
    found = _HOSTS.fullmatch(url)
    return [f"{found[1]}{host}{found[3]}" for host in found[2].split(",")] if found else [url]


def store_url(text: str) -> str:
    """*text*, if a store can be opened there as far as one can see. Raises ValueError saying what is expected."""
    scheme, mark, rest = text.partition("://")
    expected = "sqlite:///FILE or a redis://, rediss://, redis+cluster:// or redis+sentinel:// URL"
    if not mark or scheme not in _STORE_SCHEMES or not text.isprintable():
        raise ValueError(expected)
    if scheme == "sqlite":
        if not rest.removeprefix("/").strip():
            raise ValueError("a file after sqlite:///")
        return text
    for url in one_by_one(text):
        _url(url, _STORE_SCHEMES, "a URL such as redis://HOST:6379/0")
    return text


Seconds = Annotated[float, BeforeValidator(_duration, json_schema_input_type=float | str), Field(gt=0)]
Often = Annotated[tuple[int, float], BeforeValidator(_pace, json_schema_input_type=str)]
Whole = Annotated[int, BeforeValidator(_no_bool)]
Number = Annotated[float, BeforeValidator(_no_bool)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_printable)]
HeaderText = Annotated[str, AfterValidator(_header)]
OptionalHeader = Annotated[HeaderText | None, BeforeValidator(_empty_is_none, json_schema_input_type=str | None)]
Secret = Annotated[SecretStr, BeforeValidator(_secret)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
NamelessUrl = Annotated[HttpUrl, AfterValidator(_nameless)]
OptionalPort = Annotated[
    Annotated[Whole, Field(ge=0, le=65535)] | None,
    BeforeValidator(_empty_is_none, json_schema_input_type=int | str | None),
]
OptionalUrl = Annotated[HttpUrl | None, BeforeValidator(_empty_is_none, json_schema_input_type=str | None)]
SocketUrl = Annotated[str, AfterValidator(_socket_url)]
StoreUrl = Annotated[str, AfterValidator(store_url)]
ShortName = Annotated[str, AfterValidator(_short_name)]
Network = Annotated[str, AfterValidator(_network)]
Person = Annotated[str, BeforeValidator(_person, json_schema_input_type=str)]
Texts = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    Field(min_length=1, max_length=16),
    BeforeValidator(_one_is_many, json_schema_input_type=str | list[str]),
]
NO_SECRET = SecretStr("")

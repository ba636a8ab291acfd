"""What a server says went wrong, in the many shapes of "OpenAI-compatible", read into one value. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

LONGEST_DETAIL = 300
"""Characters of a provider's words that are worth a log line."""
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """A server's error. status: of HTTP, or as the body names it; None where an error inside a stream names none.
    code, kind, param: OpenAI's `code`, `type`, `param`; for a validation error the names of the refused fields.
    limit: the window in tokens, where a field says it. retry_after: seconds."""

    status: int | None
    message: str = ""
    code: str = ""
    kind: str = ""
    params: tuple[str, ...] = ()
    limit: int | None = None
    retry_after: float | None = None

    @property
    def detail(self) -> str:
        """One line for the operator, in the provider's own words."""
        head = " ".join(part for part in (str(self.status or ""), self.code or self.kind) if part)
        return ": ".join(part for part in (head, self.message) if part)[:LONGEST_DETAIL]


def read_problem(
    status: int | None, body: object, headers: Mapping[str, str], now: float, *, secret: str = ""
) -> Problem:
    """The error in *body* (decoded JSON, else text). *now* is Unix time, for a `Retry-After` that is a date. *secret* is
    struck out: some servers quote the key they refuse."""
    error = _error_object(body)
    code = error.get("code")
    message = _one_line(_message(error) or _field_messages(body))
    return Problem(
        status=status or _status_in(error),
        message=message.replace(secret, "[key]") if secret else message,
        code="" if code is None else str(code),
        kind=_text(error.get("type")),
        params=_params(error, body),
        limit=_positive(error.get("n_ctx")),
        retry_after=read_retry_after(headers, now),
    )


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, from ``retry-after-ms`` (OpenAI, Azure) or ``Retry-After`` (RFC 9110: seconds or a date)."""
    exact = _number(headers.get("retry-after-ms"))
    if exact is not None:
        return exact / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    return seconds if seconds is not None or value is None else _seconds_until(value, now)


def _seconds_until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds())


def _number(value: str | None) -> float | None:
    with suppress(ValueError):
        seconds = float(value or "")
        return max(0.0, seconds) if isfinite(seconds) else None
    return None


def _error_object(body: object) -> Mapping[str, Any]:
    """The object that describes the error: ``{"error": {…}}``, ``[{"error": {…}}]``, ``{"error": "…"}``, ``{"detail":
    "…"}``, the fields at the top, or plain text."""
    if isinstance(body, list) and body:
        return _error_object(body[0])
    if not isinstance(body, Mapping):
        return {"message": body if isinstance(body, str) else ""}
    for key in ("error", "detail"):
        inner = body.get(key)
        if isinstance(inner, Mapping):
            return inner
        if isinstance(inner, str):
            return {**body, "message": inner}
    return body


def _message(error: Mapping[str, Any]) -> str:
    """Its message; behind OpenRouter's general one stands the provider's own, raw."""
    message = _text(error.get("message"))
    metadata = error.get("metadata")
    raw = _text(metadata.get("raw")) if isinstance(metadata, Mapping) else ""
    return f"{message}: {raw}" if raw else message


def _field_messages(body: object) -> str:
    return "; ".join(f"{'.'.join(map(str, place))}: {message}" for place, message in _field_errors(body))


def _field_errors(body: object) -> Iterator[tuple[list[Any], str]]:
    """Place and message of each field that a FastAPI server refused: ``{"detail": [{"loc": […], "msg": …}]}``."""
    details = body.get("detail") if isinstance(body, Mapping) else None
    for entry in details if isinstance(details, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("loc"), list):
            yield entry["loc"], _text(entry.get("msg"))


def _params(error: Mapping[str, Any], body: object) -> tuple[str, ...]:
    """The request's top-level fields that are named as the cause."""
    named = re.split(r"[.\[]", _text(error.get("param")))[0]
    fields = (
        place[1] if place[:1] == ["body"] and len(place) > 1 else place[0] for place, _ in _field_errors(body) if place
    )
    return tuple(str(name) for name in (named, *fields) if name)


def _status_in(error: Mapping[str, Any]) -> int | None:
    """An HTTP status inside the body: streams carry it in `code` (OpenRouter, llama.cpp) or `status`."""
    for key in ("code", "status", "status_code"):
        digits = str(error.get(key))
        if re.fullmatch(r"[45]\d\d", digits):
            return int(digits)
    return None


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    if "<" in text[:200]:
        text = _TAG.sub(" ", text)
    return " ".join(text.split())[: 4 * LONGEST_DETAIL]

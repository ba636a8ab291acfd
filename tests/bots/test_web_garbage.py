"""Requests that make no sense: each is answered with what is wrong about it, and none breaks anything."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.door import door
from tests.support.sockets import dial

WEIRD = (b"\xff\xfe", b"%%", b"a" * 20_000, b";;;===,,,", b"[", b"q=9999", b"Bearer \xff", b'"', b"1e309", b"-1", b"")
HEADERS = (
    *(b"Cookie", b"Accept-Language", b"Authorization", b"Origin", b"Sec-Fetch-Site", b"X-Forwarded-For", b"Forwarded"),
    *(b"If-None-Match", b"Accept-Encoding", b"Content-Length", b"Transfer-Encoding", b"Content-Type", b"Last-Event-ID"),
    *(b"Idempotency-Key", b"X-Conversation", b"Host", b"Expect", b"Upgrade"),
)
PAGES = (b"/", b"/api/session", b"/api/conversations/12345678", b"/static/x/js/main.js", b"/v1/models", b"/login")
PATHS = (
    b"/%00",
    b"/%ff%fe",
    b"//",
    b"/..",
    b"*",
    b"http://evil/",
    b"/api/conversations?search=%ff%00",
    b"/c/%00",
    b"/v1/models/%00",
)
METHODS = (b"GET", b"POST", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"HEAD", b"\xff")
FORMS = (b"/login", b"/csp-reports", b"/api/conversations/12345678/messages", b"/v1/chat/completions")
AT_ONCE = 40
BODIES = (
    b"[]",
    b"null",
    b"[" * 5000,
    b'{"id":1}',
    b'{"text":"\\ud800","id":"aaaaaaaabbbb"}',
    b"token=\xff&token=%zz",
    b"{",
)


def request(method: bytes, path: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    lines = (method + b" " + path + b" HTTP/1.1", b"Host: localhost", b"Connection: close", b"X-Parlour: 1", *headers)
    return b"\r\n".join((*lines, b"", body))


def requests() -> Iterator[bytes]:
    for page, name, value in itertools.product(PAGES, HEADERS, WEIRD):
        yield request(b"GET", page, name + b": " + value)
    for path, method in itertools.product(PATHS, METHODS):
        yield request(method, path)
    for path, body in itertools.product(FORMS, (*BODIES, *WEIRD)):
        yield request(b"POST", path, b"Content-Length: %d" % len(body), body=body)
    yield from (
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    )


async def status_of(port: int, sent: bytes) -> int:
    line = await dial(port, sent)
    try:
        return await line.status()
    finally:
        await line.close()


async def test_nonsense_is_answered_as_such(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with door(tmp_path) as browser:
        everything = list(requests())
        for begin in range(0, len(everything), AT_ONCE):
            some = everything[begin : begin + AT_ONCE]
            statuses = await asyncio.gather(*(status_of(browser.base_url.port or 0, sent) for sent in some))
            broken = [sent[:200] for sent, status in zip(some, statuses, strict=True) if not 200 <= status < 500]
            assert not broken
        assert (await browser.get("/api/session")).status_code == 200
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []

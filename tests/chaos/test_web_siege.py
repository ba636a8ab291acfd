"""Thousands of connections, slow senders, large bodies and guesses: everybody else goes on."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from tests.support.clock import until
from tests.support.door import another, door
from tests.support.page import page

CROWD = 5000
"""Connections, or as many as this process may have open: each of them is two files here."""
ROOM = 1000
"""Connections that the server holds at once."""
HALF = b"POST /api/conversations/12345678/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Parl"
LARGE = 10_000_000


def affordable() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return CROWD if hard == resource.RLIM_INFINITY else min(CROWD, (hard - 1000) // 2)


@asynccontextmanager
async def crowd(port: int, size: int) -> AsyncIterator[list[socket.socket]]:
    """*size* connections on which half a request was sent."""
    lines: list[socket.socket] = []

    def come() -> None:
        for _ in range(size):
            lines.append(socket.create_connection(("127.0.0.1", port)))
            lines[-1].send(HALF)

    try:
        await asyncio.to_thread(come)
        yield lines
    finally:
        for line in lines:
            line.close()


async def held(client: httpx2.AsyncClient) -> float:
    """Connections that the server says it has."""
    lines = (await client.get("/metrics")).text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith("parlour_open{") and "connections" in line)


async def test_five_thousand_connections_are_bounded_and_nobody_else_waits(tmp_path: Path) -> None:
    size = affordable()
    async with door(tmp_path, f"connections: {ROOM}") as ada:
        url = str(ada.base_url)
        async with page(url) as early, crowd(ada.base_url.port or 0, size) as lines, page(url) as late:
            assert await early.answer("are you there") == "You said: are you there"
            assert await late.answer("and for me") == "You said: and for me"
            assert len(lines) == size > ROOM
            assert await held(ada) <= ROOM


async def test_large_bodies_are_refused_before_they_are_read(tmp_path: Path) -> None:
    async with door(tmp_path) as mallory, page(str(mallory.base_url)) as ada:
        mark = {"X-Parlour": "1"}
        paths = ("/api/conversations/12345678/messages", "/login", "/csp-reports", "/v1/chat/completions", "/nothing")
        for path in paths:
            announced = mallory.post(path, content=b"x" * LARGE, headers=mark)
            streamed = mallory.post(path, content=pieces(LARGE), headers=mark)
            asked = ada.answer("meanwhile")
            refused, unread, answer = await asyncio.gather(announced, streamed, asked)
            assert refused.status_code == 413
            assert unread.status_code in {404, 413, 415}
            assert answer == "You said: meanwhile"
        api = await mallory.post("/v1/chat/completions", content=b"x" * LARGE)
        assert set(api.json()["error"]) == {"message", "type", "param", "code"}


async def pieces(size: int) -> AsyncIterator[bytes]:
    """A body whose length nobody says."""
    for _ in range(size // 100_000):
        yield b"x" * 100_000


async def test_a_page_too_many_of_one_visitor_waits_and_others_do_not(tmp_path: Path) -> None:
    async with door(tmp_path) as mallory, page(str(mallory.base_url)) as ada:
        await mallory.get("/")
        statuses = []
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()

            async def watch() -> None:
                async with mallory.stream("GET", "/api/events") as stream:
                    statuses.append(stream.status_code)
                    await done.wait()

            for _ in range(20):
                group.create_task(watch())
            await until(lambda: len(statuses) == 20)
            assert await ada.answer("hello") == "You said: hello"
            done.set()
        assert sorted(set(statuses)) == [200, 429]
        assert statuses.count(200) == 16
        async with another(mallory) as other:
            assert (await other.get("/api/session")).status_code == 200

"""What a page does with the server, without a browser: asks, follows what happens, and reads everything anew where it may
have missed something."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.clock import until

ROOM = "room-0001"
AWAY = frozenset({502, 503})
"""Statuses after which a page tries again."""
AGAIN = 0.05
"""Seconds until it does."""
SILENCE = 5.0
"""Seconds."""

_numbers = itertools.count(1)


def fresh(kind: str = "turn") -> str:
    """A name as pages make them."""
    return f"{kind}-{next(_numbers):06}"


@dataclass
class Page:
    """words, answers, failed: what it shows, by turn. heard: every event. after: the last one's id. silence: seconds
    without a word after which it looks what became of what it waits for. troubles: requests that got no answer, or one that
    sent it away."""

    client: httpx2.AsyncClient
    words: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[str, str] = field(default_factory=dict)
    after: str | None = None
    connected: int = 0
    silence: float = SILENCE
    troubles: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, **body: object) -> httpx2.Response:
        """One request to /api."""
        return await self.client.request(method, f"/api{path}", json=body or None)

    async def tell(self, path: str, **body: object) -> Any:
        """One request that changes something; what it says. It must be accepted."""
        response = await self.call("POST", path, **body)
        assert response.is_success, response.text
        return response.json()

    async def show(self, room: str = ROOM) -> Any:
        response = await self.call("GET", f"/conversations/{room}")
        assert response.is_success, response.text
        return response.json()

    async def texts(self, room: str = ROOM) -> list[str]:
        return [message["text"] for message in (await self.show(room))["messages"]]

    async def ask(self, text: str, room: str = ROOM, **more: object) -> str:
        """The turn's name, once it is accepted: until then it is asked again, as the same turn."""
        turn = fresh()
        self.pending[turn] = room
        while True:
            with self._forgiving():
                response = await self.call("POST", f"/conversations/{room}/messages", id=turn, text=text, **more)
                if response.status_code not in AWAY:
                    assert response.status_code == 202, response.text
                    return turn
                self.troubles.append(f"asking: {response.status_code}")
            await asyncio.sleep(AGAIN)

    async def answer(self, text: str, room: str = ROOM, **more: object) -> str:
        return await self.answered(await self.ask(text, room, **more))

    async def answered(self, turn: str) -> str:
        """The whole answer, or why there is none."""
        await until(lambda: turn in self.answers or turn in self.failed, 30_000)
        return self.answers.get(turn) or self.failed[turn]

    async def enter(self) -> None:
        """Returns when the server knows the visitor again."""
        while True:
            with self._forgiving():
                if (await self.client.get("/api/session")).is_success:
                    return
            await asyncio.sleep(AGAIN)

    async def follow(self) -> None:
        """For ever, over any number of connections."""
        while True:
            with self._forgiving(), suppress(TimeoutError):
                await self._listen()
            with self._forgiving():
                await self._look()
            await asyncio.sleep(AGAIN)

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TransportError as problem:
            self.troubles.append(f"{problem.request.method} {problem.request.url.path}: {problem!r}")

    async def _listen(self) -> None:
        after = {} if self.after is None else {"Last-Event-ID": self.after}
        async with self.client.stream("GET", "/api/events", headers=after) as response:
            if not response.is_success:
                self.troubles.append(f"following: {response.status_code}")
                return
            self.connected += 1
            lines = response.aiter_lines()
            while True:
                async with asyncio.timeout(self.silence if self.pending else None):
                    line = await anext(lines, None)
                if line is None:
                    return
                await self._read(line)

    async def _read(self, line: str) -> None:
        name, _, value = line.partition(": ")
        if name == "id":
            self.after = value
        elif name == "data":
            event = json.loads(value)
            self.heard.append(event)
            await self._see(event)

    async def _see(self, event: dict[str, Any]) -> None:
        turn = event.get("turn", "")
        match event["kind"]:
            case "words":
                self.words[turn] = grown(self.words.get(turn, ""), event["at"], event["text"])
            case "done":
                self._settle(turn, self.answers, event["message"]["text"])
            case "failed":
                self._settle(turn, self.failed, event["message"])
            case "reload":
                await self._look()

    def _settle(self, turn: str, shown: dict[str, str], text: str) -> None:
        shown[turn] = text
        self.pending.pop(turn, None)

    async def _look(self) -> None:
        """What became of what is waited for."""
        for room in set(self.pending.values()):
            response = await self.call("GET", f"/conversations/{room}")
            if not response.is_success:
                continue
            shown = response.json()
            kept = {message["id"]: message["text"] for message in shown["messages"]}
            for turn in [turn for turn, where in self.pending.items() if where == room]:
                if f"{turn}/a" in kept:
                    self._settle(turn, self.answers, kept[f"{turn}/a"])
            self.words |= {asked["turn"]: asked["words"] for asked in shown["pending"] if asked["words"]}


def grown(text: str, at: int, more: str) -> str:
    """*text* up to *at*, in a browser's units, then *more*."""
    return text.encode("utf-16-le")[: 2 * at].decode("utf-16-le") + more


@asynccontextmanager
async def page(
    url: str, *, sticky: bool = True, language: str = "en", tab_of: Page | None = None
) -> AsyncIterator[Page]:
    """A visitor who opens the page at *url* (or another tab), and is there until the block ends. Not *sticky*: each of its
    requests has a connection of its own, so that a load balancer sends it anywhere."""
    client = httpx2.AsyncClient(
        base_url=url,
        headers={"X-Parlour": "1", "Accept-Language": language},
        cookies=tab_of.client.cookies if tab_of else None,
        timeout=None,
        limits=httpx2.Limits(max_keepalive_connections=None if sticky else 0),
        trust_env=False,
    )
    async with client:
        opened = Page(client)
        await opened.enter()
        async with followed(opened):
            await until(lambda: bool(opened.connected))
            yield opened


@asynccontextmanager
async def followed(watching: Page) -> AsyncIterator[None]:
    following = asyncio.create_task(watching.follow(), name="page")
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

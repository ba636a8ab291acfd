"""The gateway of the Discord that tests run against: sessions over WebSocket, with what the reference demands of them."""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 3, 6, 7, 9, 10, 11
GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = (1 << 1) | (1 << 8) | MESSAGE_CONTENT
LARGEST = 4096
"""Bytes of a payload that a client may send."""


@dataclass
class Session:
    id: str
    intents: int
    shard: tuple[int, int] = (0, 1)
    """Which of how many it is."""
    events: list[dict[str, Any]] = field(default_factory=list)
    link: Link | None = None

    def hears_of(self, guild: str | None) -> bool:
        """As "Sharding" in the reference has it: a server's events go to one shard, direct messages to the first."""
        number, count = self.shard
        return number == (int(guild) >> 22) % count if guild else number == 0

    def dispatch(self, event: str, data: dict[str, Any]) -> None:
        self.events.append({"op": DISPATCH, "t": event, "s": len(self.events) + 1, "d": data})
        if self.link is not None:
            self.link.send(self.events[-1])


class Link:
    """One connection."""

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._deflate = zlib.compressobj() if compressed else None
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.silent = False
        """It stays open, and nothing comes out of it any more."""

    def send(self, payload: dict[str, Any]) -> None:
        if not self.silent:
            self._out.put_nowait(payload)

    async def pump(self) -> None:
        while True:
            text = json.dumps(await self._out.get())
            if self.socket.closed:
                return
            if self._deflate is None:
                await self.socket.send_str(text)
            else:
                data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(data)


@dataclass
class Gateway:
    """token: of the bot. privileged: the privileged intents that its owner has switched on. welcome: what READY and the
    GUILD_CREATEs after it hold, given the session."""

    token: str
    url: str = ""
    privileged: int = PRIVILEGED
    interval: int = 41_250
    acknowledges: bool = True
    sessions: dict[str, Session] = field(default_factory=dict)
    links: set[Link] = field(default_factory=set)
    ready: dict[str, Any] = field(default_factory=dict)
    guilds: list[dict[str, Any]] = field(default_factory=list)
    resumed: int = 0
    identified: int = 0
    presence: dict[str, Any] = field(default_factory=dict)

    @property
    def connected(self) -> bool:
        return any(session.link is not None for session in self.sessions.values())

    def dispatch(self, event: str, data: dict[str, Any], intent: int = 0) -> None:
        for session in self.sessions.values():
            if session.hears_of(data.get("guild_id")) and (not intent or session.intents & intent):
                session.dispatch(event, data)

    async def drop(self, code: int = 1006) -> None:
        """The connections break; the sessions can be resumed."""
        for link in list(self.links):
            await link.socket.close(code=4000 if code == 1006 else code)  # 1006 is never sent

    def silence(self) -> None:
        """The connections become zombies; new ones are none."""
        for link in self.links:
            link.silent = True

    def order(self, op: int, data: object = None) -> None:
        """RECONNECT or INVALID_SESSION to all; an invalid session is forgotten."""
        for link in list(self.links):
            link.send({"op": op, "d": data})
        if op == INVALID and data is not True:
            self.sessions.clear()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=LARGEST)
        await socket.prepare(request)
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            await socket.close(code=4012)
            return socket
        link = Link(socket, compressed=request.query.get("compress") == "zlib-stream")
        self.links.add(link)
        pumping = asyncio.create_task(link.pump(), name="gateway pump")
        link.send({"op": HELLO, "d": {"heartbeat_interval": self.interval}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT and (code := self._obey(link, json.loads(message.data))):
                    await socket.close(code=code)
        finally:
            pumping.cancel()
            await asyncio.gather(pumping, return_exceptions=True)
            self._forget(link)
        return socket

    def _forget(self, link: Link) -> None:
        self.links.discard(link)
        for session in self.sessions.values():
            if session.link is link:
                session.link = None

    def _obey(self, link: Link, payload: dict[str, Any]) -> int:
        """0, or the code to close the connection with."""
        known = any(session.link is link for session in self.sessions.values())
        match payload["op"]:
            case 1:
                if self.acknowledges:
                    link.send({"op": ACK})
            case 2:
                return 4005 if known else self._identify(link, payload["d"])
            case 3:
                return 0 if known else 4003
            case 6:
                return self._resume(link, payload["d"])
            case _:
                return 4001
        return 0

    def _identify(self, link: Link, data: dict[str, Any]) -> int:
        if data["token"] != self.token:
            return 4004
        if data["intents"] & PRIVILEGED & ~self.privileged:
            return 4014
        if not {"os", "browser", "device"} <= set(data["properties"]):
            return 4002
        number, count = data.get("shard", (0, 1))
        if not 0 <= number < count:
            return 4010
        self.identified += 1
        self.presence = data.get("presence", {})
        session = Session(f"session{self.identified}", data["intents"], (number, count), link=link)
        self.sessions[session.id] = session
        guilds = [guild for guild in self.guilds if session.hears_of(guild["id"])]
        offline = [{"id": guild["id"], "unavailable": True} for guild in guilds]
        hello = {"v": 10, "session_id": session.id, "resume_gateway_url": self.url, "guilds": offline}
        session.dispatch("READY", {**self.ready, **hello, **({"shard": data["shard"]} if "shard" in data else {})})
        for guild in guilds:
            session.dispatch("GUILD_CREATE", guild)
        return 0

    def _resume(self, link: Link, data: dict[str, Any]) -> int:
        session = self.sessions.get(data["session_id"])
        if data["token"] != self.token:
            return 4004
        if session is None:
            link.send({"op": INVALID, "d": False})
            return 0
        self.resumed += 1
        session.link = link
        for event in session.events[data["seq"] :]:
            link.send(event)
        session.dispatch("RESUMED", {})
        return 0

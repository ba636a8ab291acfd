"""A chat platform in small, for tests whose workers are other processes: it delivers what users write until that is
acknowledged, keeps the messages that bots post and edit, and outlives every worker that is killed.

It speaks JSON lines over loopback TCP. A create with a nonce it has seen gives the first message again as it is, as
Discord's ``enforce_nonce`` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.support.clock import until


@dataclass(slots=True)
class Shown:
    """One message of the bot: its text now, and who wrote it, in order."""

    id: str
    turn: str
    conversation: str
    text: str
    writers: list[int] = field(default_factory=list)


class Platform:
    """``async with Platform() as platform``: listens on `port` until the block ends."""

    def __init__(self) -> None:
        self.messages: dict[str, Shown] = {}
        self.phases: Counter[str] = Counter()
        self.writes: list[tuple[int, str, str]] = []
        """Every write in order: process id, turn, text."""
        self.port = 0
        self.on_phase: Callable[[int, str], None] = lambda _pid, _name: None
        self._by_nonce: dict[str, Shown] = {}
        self._unacknowledged: dict[str, dict[str, Any]] = {}
        self._links: dict[asyncio.StreamWriter, int] = {}
        self._ids = itertools.count(1)
        self._events = itertools.count(1)
        self._turns = itertools.count()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in list(self._links):
            writer.close()
        await until(lambda: not self._links)

    @property
    def connected(self) -> frozenset[int]:
        return frozenset(self._links.values())

    @property
    def unacknowledged(self) -> int:
        return len(self._unacknowledged)

    def say(self, conversation: str, text: str, sent_at: float) -> str:
        """A user writes; the event's id. Delivered to one connected process, and again until it is acknowledged; the
        next one of the same conversation only after that, so that their order is known."""
        event = f"test:{next(self._events)}"
        self._unacknowledged[event] = {"id": event, "conversation": conversation, "text": text, "at": sent_at}
        self._deliver_next(conversation, event)
        return event

    def redeliver(self) -> None:
        """What a platform does after a while without acknowledgement."""
        for conversation in dict.fromkeys(event["conversation"] for event in self._unacknowledged.values()):
            self._deliver_next(conversation)

    def answers_to(self, turn: str) -> list[Shown]:
        return [message for message in self.messages.values() if message.turn == turn]

    def _deliver_next(self, conversation: str, only: str | None = None) -> None:
        """Delivers the oldest event of the conversation that is not acknowledged; nothing if that is not *only*."""
        waiting = (event for event, content in self._unacknowledged.items() if content["conversation"] == conversation)
        event = next(waiting, None)
        if event is not None and only in {None, event}:
            self._deliver(event)

    def _deliver(self, event: str) -> None:
        links = sorted(self._links.items(), key=lambda link: link[1])
        if links:
            writer, _ = links[next(self._turns) % len(links)]
            _send(writer, op="event", **self._unacknowledged[event])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pid = 0
        try:
            while line := await reader.readline():
                order = json.loads(line)
                pid = order.get("pid", pid)
                if order["op"] == "hello":
                    self._links[writer] = pid
                    self.redeliver()
                else:
                    self._obey(writer, pid, order)
        except ConnectionError:
            pass
        finally:
            self._links.pop(writer, None)
            writer.close()

    def _obey(self, writer: asyncio.StreamWriter, pid: int, order: dict[str, Any]) -> None:
        match order["op"]:
            case "phase":
                self.phases[order["name"]] += 1
                self.on_phase(pid, order["name"])
            case "ack":
                if acknowledged := self._unacknowledged.pop(order["event"], None):
                    self._deliver_next(acknowledged["conversation"])
            case _:
                shown = self._change(pid, order)
                content = {"id": shown.id, "text": shown.text} if shown else {"id": None}
                _send(writer, op="done", rid=order["rid"], **content)

    def _change(self, pid: int, order: dict[str, Any]) -> Shown | None:
        """The message that was found, created, edited or deleted; None when it is not there."""
        match order["op"]:
            case "find":
                return self._by_nonce.get(order["nonce"])
            case "post":
                return self._by_nonce.get(order["nonce"]) or self._create(pid, order)
            case "delete":
                return self.messages.pop(order["id"], None)
        if shown := self.messages.get(order["id"]):
            self._write(shown, pid, order["text"])
        return shown

    def _create(self, pid: int, order: dict[str, Any]) -> Shown:
        shown = Shown(f"m{next(self._ids)}", order["turn"], order["conversation"], order["text"])
        self.messages[shown.id] = self._by_nonce[order["nonce"]] = shown
        self._write(shown, pid, order["text"])
        return shown

    def _write(self, shown: Shown, pid: int, text: str) -> None:
        shown.text = text
        shown.writers.append(pid)
        self.writes.append((pid, shown.turn, text))


def _send(writer: asyncio.StreamWriter, **order: object) -> None:
    with contextlib.suppress(ConnectionError):
        writer.write(json.dumps(order).encode() + b"\n")

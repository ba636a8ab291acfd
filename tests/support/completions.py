"""A Chat Completions server on loopback: strict about requests as OpenAI's reference is, and able to fail in every way.
It has a Moderations API too.

What it does with the next request is a *play*: a function of the `Wire` to the client. Plays are queued with `plan`;
without one it answers. A request that the reference does not allow is refused before any play.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.support.moderations import Judge

KEY = "sk-test-0123456789"
MODERATIONS = "/v1/moderations"
_NUMBER = (int, float)
_PARAMETERS: dict[str, tuple[type, ...]] = {
    "model": (str,),
    "messages": (list,),
    "stream": (bool,),
    "stream_options": (dict,),
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "frequency_penalty": _NUMBER,
    "presence_penalty": _NUMBER,
    "stop": (str, list),
    "seed": (int,),
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "reasoning_effort": (str,),
    "user": (str,),
    "n": (int,),
    "tools": (list,),
    "tool_choice": (str, dict),
    "response_format": (dict,),
}
"""Source: OpenAI API reference, "Create chat completion"."""
_ROLES = {"system", "developer", "user", "assistant", "tool"}
_PHRASES = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Wire:
    """The connection to one client, once its request has been read."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Status')}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def begin_stream(self, content_type: str = "text/event-stream", **headers: str) -> None:
        await self.head(200, content_type=content_type, transfer_encoding="chunked", **headers)

    async def piece(self, data: bytes) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data))

    async def end_stream(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def until_gone(self) -> None:
        """Says nothing more until the client hangs up, be it before it has read all: that resets the connection."""
        with suppress(ConnectionError):
            await self.reader.read()

    def reset(self) -> None:
        """Ends the connection with a TCP RST."""
        plain: socket.socket = self.writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Play = Callable[[Wire], Awaitable[None]]


@dataclass
class CompletionsServer:
    """Use as ``async with``. refuses: parameters that this model does not support. key: None takes any. always: what it
    does with every request, once the plays that were planned are over. checks: plays for the next requests for
    moderation, which the judge answers otherwise."""

    refuses: set[str] = field(default_factory=set)
    key: str | None = KEY
    always: Play | None = None
    models: Sequence[str] = ("gpt-5-mini",)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    judge: Judge = field(default_factory=Judge)
    checks: list[Play] = field(default_factory=list)
    _plays: list[Play] = field(default_factory=list)

    def plan(self, *plays: Play) -> None:
        self._plays.extend(plays)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [request.body for request in self.requests]

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The bodies that a model was asked with."""
        return [request.body for request in self.requests if request.path == "/v1/chat/completions"]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        self._tasks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            while request := await _read(reader):
                self.requests.append(request)
                await self._answer(Wire(request, reader, writer))
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, wire: Wire) -> None:
        refusal = self._refusal(wire.request)
        if refusal:
            await refusal(wire)
        elif wire.request.path == "/v1/models":
            await whole({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})(wire)
        elif wire.request.path == MODERATIONS:
            await (self.checks.pop(0) if self.checks else whole(self.judge.verdict(wire.request.body)))(wire)
        else:
            usual = answer if wire.request.body.get("stream") else completion
            await (self._plays.pop(0) if self._plays else self.always or usual("Hello there."))(wire)

    def _refusal(self, request: Request) -> Play | None:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return refuse(401, "Incorrect API key provided.", "invalid_request_error", code="invalid_api_key")
        if request.path == "/v1/models" and request.method == "GET":
            return None
        if request.method != "POST" or request.path not in {"/v1/chat/completions", MODERATIONS}:
            return refuse(404, f"Unknown request URL: {request.method} {request.path}.", "invalid_request_error")
        if request.headers.get("content-type") != "application/json" or not isinstance(request.body, dict):
            return refuse(400, "We could not parse the JSON body of your request.", "invalid_request_error")
        if request.path == MODERATIONS:
            wrong = self.judge.complaint(request.body)
            return refuse(400, wrong[0], "invalid_request_error", param=wrong[1], code=wrong[2]) if wrong else None
        return _wrong_parameter(request.body) or _wrong_message(request.body) or self._unsupported(request.body)

    def _unsupported(self, body: Mapping[str, Any]) -> Play | None:
        for name in body:
            if name in self.refuses:
                said = f"Unsupported parameter: '{name}' is not supported with this model."
                return refuse(400, said, "invalid_request_error", param=name, code="unsupported_parameter")
        return None


def _wrong_parameter(body: Mapping[str, Any]) -> Play | None:
    for name, value in body.items():
        if name not in _PARAMETERS:
            return refuse(400, f"Unrecognized request argument supplied: {name}", "invalid_request_error")
        if not isinstance(value, _PARAMETERS[name]) or (isinstance(value, bool) and bool not in _PARAMETERS[name]):
            said = f"Invalid type for '{name}'"
            return refuse(400, said, "invalid_request_error", param=name, code="invalid_type")
    for name in ("model", "messages"):
        if not body.get(name):
            return refuse(400, f"Missing required parameter: '{name}'.", "invalid_request_error", param=name)
    return None


def _wrong_message(body: Mapping[str, Any]) -> Play | None:
    for index, message in enumerate(body["messages"]):
        content = message.get("content") if isinstance(message, dict) else None
        fine = content is not None and message.get("role") in _ROLES and isinstance(content, str | list)
        if not fine or set(message) - {"role", "content", "name", "tool_call_id"}:
            place = f"messages[{index}]"
            return refuse(400, f"Invalid value for '{place}'.", "invalid_request_error", param=place)
    return None


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Request(method, path.partition("?")[0], headers, json.loads(raw) if raw else None)


# What a chunk looks like


def chunk(delta: Mapping[str, Any], finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return event({**_FRAME, "choices": [choice], **more})


def event(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def usage_chunk(usage: Mapping[str, Any]) -> bytes:
    return event({**_FRAME, "choices": [], "usage": usage})


_FRAME = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini"}
DONE = b"data: [DONE]\n\n"
USAGE = {
    "prompt_tokens": 40,
    "completion_tokens": 10,
    "total_tokens": 50,
    "prompt_tokens_details": {"cached_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 4},
}


def words(text: str) -> list[bytes]:
    """A chunk for the role, then one for each word."""
    pieces = [piece if not index else f" {piece}" for index, piece in enumerate(text.split(" "))]
    return [chunk({"role": "assistant", "content": ""}), *(chunk({"content": piece}) for piece in pieces)]


def ending(finish: str = "stop", usage: Mapping[str, Any] | None = USAGE) -> list[bytes]:
    return [chunk({}, finish), *([usage_chunk(usage)] if usage else []), DONE]


# Plays


def stream(*pieces: bytes, **headers: str) -> Play:
    """A whole stream of exactly these bytes, properly ended."""

    async def play(wire: Wire) -> None:
        await wire.begin_stream(**headers)
        for piece in pieces:
            await wire.piece(piece)
        await wire.end_stream()

    return play


def answer(text: str, finish: str = "stop", usage: Mapping[str, Any] | None = USAGE) -> Play:
    return stream(*words(text), *ending(finish, usage))


def whole(body: object, status: int = 200, **headers: str) -> Play:
    """One JSON object, not streamed."""
    return text(json.dumps(body), status, "application/json", **headers)


def completion(text: str, finish: str = "stop", usage: Mapping[str, Any] | None = USAGE) -> Play:
    """An answer to a request that wants no stream."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}]
    return whole({**_FRAME, "object": "chat.completion", "choices": choices, "usage": usage})


def text(body: str, status: int = 200, content_type: str = "text/html", **headers: str) -> Play:
    async def play(wire: Wire) -> None:
        data = body.encode()
        await wire.head(status, content_type=content_type, content_length=str(len(data)), **headers)
        await wire.send(data)

    return play


def refuse(
    status: int, message: str, kind: str, *, param: str | None = None, code: str | None = None, **headers: str
) -> Play:
    """OpenAI's shape of an error."""
    return whole({"error": {"message": message, "type": kind, "param": param, "code": code}}, status, **headers)


def cut(*pieces: bytes) -> Play:
    """Hangs up in the middle of the body."""

    async def play(wire: Wire) -> None:
        await wire.begin_stream()
        for piece in pieces:
            await wire.piece(piece)
        wire.writer.close()

    return play


def reset(*pieces: bytes) -> Play:
    """A TCP reset: before the head, or after these pieces."""

    async def play(wire: Wire) -> None:
        if pieces:
            await wire.begin_stream()
        for piece in pieces:
            await wire.piece(piece)
        await asyncio.sleep(0.05 if pieces else 0)  # a reset overtakes what the client has not read yet
        wire.reset()

    return play


def stall(*pieces: bytes, head: bool = True) -> Play:
    """Goes silent and keeps the connection."""

    async def play(wire: Wire) -> None:
        if head:
            await wire.begin_stream()
        for piece in pieces:
            await wire.piece(piece)
        await wire.until_gone()

    return play


def drip(*pieces: bytes, size: int = 1) -> Play:
    """The same bytes in pieces of *size*, each in a packet of its own."""
    data = b"".join(pieces)
    return stream(*(data[start : start + size] for start in range(0, len(data), size)))


def raw(data: bytes) -> Play:
    """Not even HTTP, then hangs up."""

    async def play(wire: Wire) -> None:
        await wire.send(data)
        wire.writer.close()

    return play

"""What a streamed chunk costs from the socket to the draft, and how many streams one process carries.

    python -m bench.stream_cpu

The server is a process of its own. "Late" is the time from the server's write of a chunk to the draft that shows it.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from core.clock import SystemClock
from core.config_models import ModelConfig, ProviderConfig
from core.domain import ModelFacts, Prompt, PromptMessage
from core.llm.catalogue import open_models
from core.ports import LanguageModel

CHUNKS = 4000
GAP = 0.0005
"""Seconds between two chunks where the processor time of one is measured: each arrives alone."""
RUNS = 3
RATE = 50
"""Chunks per second of each stream where many run at once."""
SECONDS = 6
STREAMS = (300, 250, 200, 150, 100, 50)
ON_TIME = 0.050
_FRAME = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini"}


# The server


def chunk(content: str) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "logprobs": None, "finish_reason": None}
    data = b"data: " + json.dumps({**_FRAME, "choices": [choice]}).encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


async def serve_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The model's name says what to send: how many chunks, and the seconds between two of them."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    count, gap = json.loads(await reader.readexactly(length))["model"].split("x")
    writer.write(HEAD)
    start = time.monotonic()
    for number in range(int(count)):
        await asyncio.sleep(start + number * float(gap) - time.monotonic())
        writer.write(chunk(f" {time.monotonic():.4f}"))
    data = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))
    await writer.drain()
    writer.close()


async def serve() -> None:
    server = await asyncio.start_server(serve_stream, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


# The client


class NoFacts:
    async def facts(self) -> dict[str, ModelFacts]:
        return {}

    async def learn(self, model: str, facts: ModelFacts) -> None: ...


@asynccontextmanager
async def model_at(port: int, name: str) -> AsyncIterator[LanguageModel]:
    provider = ProviderConfig(base_url=f"http://127.0.0.1:{port}/v1", api_key=SecretStr("unused"))
    config = ModelConfig(id=name, provider="bench")
    async with open_models([config], {"bench": provider}, NoFacts(), SystemClock()) as models:
        yield models.get(name)


class Draft:
    """Shows nothing; notes how late each chunk is."""

    def __init__(self) -> None:
        self.shown = 0
        self.late: list[float] = []

    def draft(self, text: str) -> None:
        now = time.monotonic()
        self.late += [now - float(stamp) for stamp in text[self.shown :].split()]
        self.shown = len(text)


async def follow(model: LanguageModel, draft: Draft | None = None) -> None:
    text = ""
    async with model.stream(Prompt((PromptMessage("user", "Go"),), tokens=1)) as deltas:
        async for piece in deltas:
            text += piece
            if draft:
                draft.draft(text)


async def bare_read(port: int) -> float:
    """Seconds of processor time per chunk for reading the bytes and doing nothing with them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"model": f"{CHUNKS}x{GAP}"}).encode()
    writer.write(b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    await reader.read(1)
    started = time.process_time()
    while await reader.read(65536):
        pass
    writer.close()
    return (time.process_time() - started) / CHUNKS


async def whole_way(port: int) -> float:
    """Seconds of processor time per chunk from the socket to the draft; sending the request is not counted."""
    started = 0.0
    text = ""
    async with (
        model_at(port, f"{CHUNKS}x{GAP}") as model,
        model.stream(Prompt((PromptMessage("user", "Go"),), tokens=1)) as deltas,
    ):
        async for piece in deltas:
            started = started or time.process_time()
            text += piece
            nothing(text)
        return (time.process_time() - started) / CHUNKS


def nothing(_text: str) -> None:
    """Where the draft would begin."""


async def many(port: int, streams: int) -> tuple[float, float]:
    """How late chunks are, in seconds: 50th and 99th percentile. The first second, when all connect, is not counted."""
    drafts = [Draft() for _ in range(streams)]
    async with model_at(port, f"{RATE * SECONDS}x{1 / RATE}") as model, asyncio.TaskGroup() as group:
        for draft in drafts:
            group.create_task(follow(model, draft))
            await asyncio.sleep(1 / streams)
    late = [seconds for draft in drafts for seconds in draft.late[RATE:]]
    cuts = statistics.quantiles(late, n=100)
    return cuts[49], cuts[98]


def main() -> None:
    with subprocess.Popen([sys.executable, "-m", "bench.stream_cpu", "--serve"], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        bare = min(asyncio.run(bare_read(port)) for _ in range(RUNS))
        ours = min(asyncio.run(whole_way(port)) for _ in range(RUNS))
        print(f"processor time per chunk: bare read {bare * 1e6:.0f} µs, to the draft {ours * 1e6:.0f} µs")
        print(f"ratio {ours / bare:.2f} (at most 3)")
        for streams in STREAMS:
            half, most = asyncio.run(many(port, streams))
            print(
                f"{streams} streams at {RATE} chunks/s: late by {half * 1e3:.0f} ms (median), {most * 1e3:.0f} ms (p99)"
            )
            if most <= ON_TIME:
                break
        server.terminate()


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve())
    else:
        main()

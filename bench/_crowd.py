"""A crowd that asks at the same moment, at Parlour's server and at a bare relay of the same streams beside it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from bench._speaking import ANSWER
from bench._visiting import Wire, processor_time, program
from tests.support.bot_process import process
from tests.support.completions import KEY
from tests.support.servers import free_port
from tests.support.web import listening

CONFIG = """
store: sqlite:///{folder}/parlour.db
providers: {{openai: {{base_url: "http://127.0.0.1:{model}/v1", api_key: {key}}}}}
models: [{{id: gpt-5-mini, provider: openai}}]
web: {{port: {port}}}
"""
Ask = Callable[[str], Awaitable[tuple[str, float, float]]]
"""Says a name; the answer, and the seconds until its first words and its end."""


@dataclass
class Server:
    """A process that listens on *port*."""

    port: int
    pid: int


@dataclass
class Result:
    """Seconds until the first words; of processor time for an answer; until all were answered."""

    firsts: Sequence[float]
    cost: float
    took: float

    def __str__(self) -> str:
        late = quantiles(self.firsts, n=20)[-1]
        return (
            f"first words {median(self.firsts) * 1000:.0f} ms (median), {late * 1000:.0f} ms (p95); "
            f"{self.cost * 1000:.1f} ms of processor time an answer; all after {self.took:.1f} s"
        )


@asynccontextmanager
async def speaking() -> AsyncIterator[int]:
    """The port of a model."""
    async with program(sys.executable, "-m", "bench._model") as model:
        assert model.stdout is not None
        yield int(await model.stdout.readline())


@asynccontextmanager
async def serving(model: int) -> AsyncIterator[Server]:
    """Parlour's page and API, with the model that listens on that port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG.format(folder=folder, model=model, key=KEY, port=port))
        async with process(config, "web") as server:
            await listening(port)
            yield Server(port, server.pid)


async def crowd(pid: int, asks: Sequence[Ask]) -> Result:
    """All ask at once. Each must get the whole answer to their own question."""
    before, began = processor_time(pid), time.monotonic()
    answers = await asyncio.gather(*(ask(str(number)) for number, ask in enumerate(asks, 1000)))
    took = time.monotonic() - began
    assert [answer for answer, *_ in answers] == [f"{number} {ANSWER}" for number, _ in enumerate(asks, 1000)]
    return Result([first for _, first, _ in answers], (processor_time(pid) - before) / len(asks), took)


async def through(server: Server, clients: int, ready: str, path: str) -> Result:
    """A crowd of programs that ask at *path*, each once it got what is at *ready*."""
    wires = [await Wire.to(server.port) for _ in range(clients)]
    for wire in wires:
        wire.send(f"GET {ready}")
        await wire.whole()
    result = await crowd(server.pid, [streamed(wire, path) for wire in wires])
    for wire in wires:
        wire.writer.close()
    return result


async def on_relay(clients: int, model: int) -> Result:
    port = free_port()
    async with program(sys.executable, "-m", "bench._relay", str(model), str(port)) as relay:
        await listening(port)
        return await through(Server(port, relay.pid), clients, "/ready", "/relay")


def question(name: str) -> bytes:
    messages = [{"role": "user", "content": f"I am {name}"}]
    return json.dumps({"model": "gpt-5-mini", "stream": True, "messages": messages}).encode()


def streamed(wire: Wire, path: str) -> Ask:
    async def ask(name: str) -> tuple[str, float, float]:
        began, first, said = time.monotonic(), 0.0, ""
        wire.send(f"POST {path}", question(name))
        await wire.head()
        async for data in wire.events():
            choices = [] if data == b"[DONE]" else json.loads(data)["choices"]
            said += "".join(choice["delta"].get("content", "") for choice in choices)
            first = first or (time.monotonic() - began if said else 0.0)
        return said, first, time.monotonic() - began

    return ask


def compare(relay: Result, name: str, ours: Result) -> None:
    """Prints both, and what ours is of the relay's."""
    print(f"{len(ours.firsts)} at once, all answers whole")
    print(f"  relay: {relay}")
    print(f"  {f'{name}:':6} {ours}")
    words, cost = median(ours.firsts) / median(relay.firsts), ours.cost / relay.cost
    print(f"  ratio: first words {words:.2f}, processor time {cost:.2f}")

"""Many visitors at the same moment, each with an answer of 120 words at 50 a second: all whole, and what that costs beside
a bare relay of the same streams (Starlette and httpx, which pass on bytes).

    python -m bench.web_load [VISITORS ...]

Server, relay and model are processes of their own; the page's server alone keeps what is said, on the disk.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from bench._speaking import ANSWER
from bench._visiting import Visitor, Wire, processor_time, program
from tests.support.bot_process import process
from tests.support.completions import KEY
from tests.support.servers import free_port
from tests.support.web import listening

CROWDS = (100, 500)
CONFIG = """
store: sqlite:///{folder}/parlour.db
providers: {{openai: {{base_url: "http://127.0.0.1:{model}/v1", api_key: {key}}}}}
models: [{{id: gpt-5-mini, provider: openai}}]
web: {{port: {port}}}
"""
Ask = Callable[[str], Awaitable[tuple[str, float, float]]]
"""Says a name; the answer, and the seconds until its first words and its end."""


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


async def crowd(pid: int, asks: Sequence[Ask]) -> Result:
    """All ask at once. Each must get the whole answer to their own question."""
    before, began = processor_time(pid), time.monotonic()
    answers = await asyncio.gather(*(ask(str(number)) for number, ask in enumerate(asks, 1000)))
    took = time.monotonic() - began
    assert [answer for answer, *_ in answers] == [f"{number} {ANSWER}" for number, _ in enumerate(asks, 1000)]
    return Result([first for _, first, _ in answers], (processor_time(pid) - before) / len(asks), took)


async def on_page(visitors: int, model: int) -> Result:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG.format(folder=folder, model=model, key=KEY, port=port))
        async with process(config, "web") as server:
            await listening(port)
            people = [await Visitor.enter(port) for _ in range(visitors)]
            await people[0].ask("0")  # the model's client is there

            async def ask(name: str) -> tuple[str, float, float]:
                visitor = people[int(name) - 1000]
                visitor.first = 0.0
                return await visitor.ask(name), visitor.first, visitor.last

            result = await crowd(server.pid, [ask] * visitors)
            for visitor in people:
                visitor.leave()
    return result


async def on_relay(visitors: int, model: int) -> Result:
    port = free_port()
    async with program(sys.executable, "-m", "bench._relay", str(model), str(port)) as server:
        await listening(port)
        wires = [await Wire.to(port) for _ in range(visitors)]
        for wire in wires:
            wire.send("GET /ready")
            await wire.whole()
        result = await crowd(server.pid, [relayed(wire) for wire in wires])
        for wire in wires:
            wire.writer.close()
    return result


def question(name: str) -> dict[str, object]:
    return {"model": "gpt-5-mini", "stream": True, "messages": [{"role": "user", "content": f"I am {name}"}]}


def relayed(wire: Wire, path: str = "/relay") -> Ask:
    async def ask(name: str) -> tuple[str, float, float]:
        began, first, said = time.monotonic(), 0.0, ""
        wire.send(f"POST {path}", json.dumps(question(name)).encode())
        await wire.head()
        async for data in wire.events():
            choices = [] if data == b"[DONE]" else json.loads(data)["choices"]
            said += "".join(choice["delta"].get("content", "") for choice in choices)
            first = first or (time.monotonic() - began if said else 0.0)
        return said, first, time.monotonic() - began

    return ask


async def main(crowds: Sequence[int]) -> None:
    async with program(sys.executable, "-m", "bench._model") as speaking:
        assert speaking.stdout is not None
        model = int(await speaking.stdout.readline())
        for visitors in crowds:
            relay, page = await on_relay(visitors, model), await on_page(visitors, model)
            print(f"{visitors} visitors at once, all answers whole")
            print(f"  relay: {relay}")
            print(f"  page:  {page}")
            words, cost = median(page.firsts) / median(relay.firsts), page.cost / relay.cost
            print(f"  ratio: first words {words:.2f}, processor time {cost:.2f} (at most 2)")


if __name__ == "__main__":
    asyncio.run(main([int(visitors) for visitors in sys.argv[1:]] or CROWDS))

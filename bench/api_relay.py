"""What the API adds to a model's own streams, for one client and for many at once: time to the first word and processor
time, beside a bare relay of the same streams (Starlette and httpx, which pass on bytes).

    python -m bench.api_relay [CLIENTS ...]

Server, relay and model are processes of their own; answers have 120 words, 50 a second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench._visiting import Wire, program
from bench.web_load import CONFIG, Result, crowd, on_relay, question, relayed
from tests.support.bot_process import process
from tests.support.completions import KEY
from tests.support.servers import free_port
from tests.support.web import listening

COMPLETIONS = "/v1/chat/completions"
CROWDS = (100, 300)
QUESTIONS = 20


async def on_api(clients: int, model: int) -> tuple[Result, float]:
    """And the seconds until the first word for one client alone, beyond those of asking the model itself."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG.format(folder=folder, model=model, key=KEY, port=port))
        async with process(config, "web") as server:
            await listening(port)
            alone = await first_words(port) - await first_words(model)
            wires = [await Wire.to(port) for _ in range(clients)]
            for wire in wires:
                wire.send("GET /v1/models")
                await wire.whole()
            result = await crowd(server.pid, [relayed(wire, COMPLETIONS) for wire in wires])
            for wire in wires:
                wire.writer.close()
    return result, alone


async def first_words(port: int) -> float:
    """Seconds until the first ones, at the median; who asks then hangs up."""
    return median([await first_word(await Wire.to(port)) for _ in range(QUESTIONS)])


async def first_word(wire: Wire) -> float:
    began = time.monotonic()
    wire.send(f"POST {COMPLETIONS}", json.dumps(question("1")).encode())
    await wire.head()
    async for data in wire.events():
        if json.loads(data)["choices"][0]["delta"].get("content"):
            break
    wire.writer.close()
    return time.monotonic() - began


async def main(crowds: Sequence[int]) -> None:
    async with program(sys.executable, "-m", "bench._model") as speaking:
        assert speaking.stdout is not None
        model = int(await speaking.stdout.readline())
        for clients in crowds:
            relay, (api, alone) = await on_relay(clients, model), await on_api(clients, model)
            print(f"{clients} clients at once, all answers whole")
            print(f"  relay: {relay}")
            print(f"  API:   {api}")
            words, cost = median(api.firsts) / median(relay.firsts), api.cost / relay.cost
            print(f"  ratio: first words {words:.2f}, processor time {cost:.2f}")
            print(f"  one client alone: first word {alone * 1000:.1f} ms after the model's own (median of {QUESTIONS})")


if __name__ == "__main__":
    asyncio.run(main([int(clients) for clients in sys.argv[1:]] or CROWDS))

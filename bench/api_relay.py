"""What the API adds to a model's own streams, for one client and for many at once: time to the first word and processor
time, beside a bare relay of the same streams (Starlette and httpx, which pass on bytes).

    python -m bench.api_relay [CLIENTS ...]

Server, relay and model are processes of their own; answers have 120 words, 50 a second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from statistics import median

from bench._crowd import Result, compare, on_relay, question, serving, speaking, through
from bench._visiting import Wire

COMPLETIONS = "/v1/chat/completions"
CROWDS = (100, 300)
QUESTIONS = 20


async def on_api(clients: int, model: int) -> tuple[Result, float]:
    """And the seconds until the first word for one client alone, beyond those of asking the model itself."""
    async with serving(model) as server:
        alone = await first_words(server.port) - await first_words(model)
        return await through(server, clients, "/v1/models", COMPLETIONS), alone


async def first_words(port: int) -> float:
    """Seconds until the first ones, at the median; who asks then hangs up."""
    return median([await first_word(await Wire.to(port)) for _ in range(QUESTIONS)])


async def first_word(wire: Wire) -> float:
    began = time.monotonic()
    wire.send(f"POST {COMPLETIONS}", question("1"))
    await wire.head()
    async for data in wire.events():
        if json.loads(data)["choices"][0]["delta"].get("content"):
            break
    wire.writer.close()
    return time.monotonic() - began


async def main(crowds: Sequence[int]) -> None:
    async with speaking() as model:
        for clients in crowds:
            relay, (api, alone) = await on_relay(clients, model), await on_api(clients, model)
            compare(relay, "API", api)
            print(f"  one client alone: first word {alone * 1000:.1f} ms after the model's own (median of {QUESTIONS})")


if __name__ == "__main__":
    asyncio.run(main([int(clients) for clients in sys.argv[1:]] or CROWDS))

"""Many visitors at the same moment, each with an answer of 120 words at 50 a second: all whole, and what that costs beside
a bare relay of the same streams (Starlette and httpx, which pass on bytes). At most twice the processor time is the aim.

    python -m bench.web_load [VISITORS ...]

Server, relay and model are processes of their own; the page's server alone keeps what is said, on the disk.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from bench._crowd import Result, compare, crowd, on_relay, serving, speaking
from bench._visiting import Visitor

CROWDS = (100, 500)


async def on_page(visitors: int, model: int) -> Result:
    async with serving(model) as server:
        people = [await Visitor.enter(server.port) for _ in range(visitors)]
        await people[0].ask("0")  # the model's client is there

        async def ask(name: str) -> tuple[str, float, float]:
            visitor = people[int(name) - 1000]
            visitor.first = 0.0
            return await visitor.ask(name), visitor.first, visitor.last

        result = await crowd(server.pid, [ask] * visitors)
        for visitor in people:
            visitor.leave()
    return result


async def main(crowds: Sequence[int]) -> None:
    async with speaking() as model:
        for visitors in crowds:
            compare(await on_relay(visitors, model), "page", await on_page(visitors, model))


if __name__ == "__main__":
    asyncio.run(main([int(visitors) for visitors in sys.argv[1:]] or CROWDS))

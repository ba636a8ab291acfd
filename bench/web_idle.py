"""What a page costs that is open and silent: memory of the server for each, and processor time for all of them.

    python -m bench.web_idle [PAGES]

Each page is another visitor's. The server is a process of its own; its model is never asked.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from bench._visiting import Visitor, Wire, memory, processor_time
from tests.support.bot_process import process
from tests.support.servers import free_port
from tests.support.web import listening, settings

PAGES = 2_000
TOGETHER = 50
"""Pages opened at once."""
SILENCE = 60.0
"""Seconds: four heartbeats."""


async def measure(pages: int) -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(settings(Path(folder), port))
        async with process(config, "web") as server:
            await listening(port)
            first = await opened(port, TOGETHER)  # what the server needs for any page at all is there now
            before = memory(server.pid)
            rest = [visitor for _ in range(pages // TOGETHER) for visitor in await opened(port, TOGETHER)]
            each = (memory(server.pid) - before) / len(rest) * 1000
            print(f"{len(rest):,} open pages: {memory(server.pid):.0f} MB, {each:.0f} kB a page")
            used = processor_time(server.pid)
            await asyncio.sleep(SILENCE)
            share = (processor_time(server.pid) - used) / SILENCE
            print(f"silent for {SILENCE:.0f} s: {share:.1%} of a processor; {memory(server.pid):.0f} MB")
            rest[-1].calls = await Wire.to(port)
            last = await rest[-1].ask("1000")
            print(f"an answer then comes as ever: {last}, first words after {rest[-1].first * 1000:.0f} ms")
            for visitor in (*first, *rest):
                visitor.leave()


async def opened(port: int, pages: int) -> list[Visitor]:
    """A browser closes the connection of its other requests when it is silent for long; the stream of events stays."""
    visitors = await asyncio.gather(*(Visitor.enter(port) for _ in range(pages)))
    for visitor in visitors:
        visitor.calls.writer.close()
    return visitors


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES))

"""The process of `bench.platforms_load`: the bot on Discord and Telegram, and beside them terminals, on one store.

    python -m bench._everywhere CONFIG TERMINALS

Says ``ready``; reads a line; then everybody at a terminal asks, and for each a line says ``name<tab>answer``.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from pathlib import Path

from bots import wiring
from bots.output import complain
from bots.terminal.app import Desk, Terminal
from bots.terminal.pipe import PipeScreen
from bots.terminal.translate import Seat
from core.config import load
from core.tasks import cancelled


async def ask(here: wiring.House, name: str) -> None:
    """One person at one terminal, who leaves when the answer is there."""
    reading, writing = os.pipe()
    os.write(writing, f"I am {name}\n".encode())
    os.close(writing)
    desk = Desk(here.store, here.store, here.commands, here.clock, here.chance)
    seat, output = Seat(name, name), io.StringIO()
    terminal = Terminal(desk, seat, PipeScreen(reading, output, None, "en"), here.models.loading, Path.cwd())
    working = asyncio.create_task(here.worker(frozenset({seat.lane}), terminal).run())
    await terminal.run()
    await cancelled(working)
    os.close(reading)
    print(f"{name}\t{output.getvalue().strip()}", flush=True)


async def main(config_file: Path, terminals: int) -> None:
    config = load(config_file)
    wiring.log_to_stderr(config, quiet=True)
    async with wiring.house(config) as here:
        serving = asyncio.create_task(wiring.serve(config, ["discord", "telegram"], complain))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*[ask(here, f"t{number}") for number in range(terminals)])
        await serving


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))

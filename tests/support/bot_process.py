"""The bot as a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.tree import ROOT


@asynccontextmanager
async def process(config: Path, *platforms: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """On these *platforms*. Killed at the end of the block if it still runs. What it says is in the file beside *config*."""
    command = (sys.executable, "-m", "bots", "run", *platforms, "--config", str(config))
    quiet = asyncio.subprocess.DEVNULL
    with config.with_suffix(".log").open("ab") as log:
        started = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=quiet, stdout=quiet, stderr=log)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()

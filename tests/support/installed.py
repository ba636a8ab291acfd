"""Parlour as users install it: a wheel in a virtual environment of its own, away from the work tree."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.tree import ROOT

FILES = ("pyproject.toml", "README.md", "LICENSE")
ROOMS = ("bots", "core")


def build_wheel(folder: Path) -> Path:
    """The wheel in *folder*, without asking a package registry for anything. Building writes beside the sources, so it is
    done with a copy of them."""
    source = folder / "source"
    for name in ROOMS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    _pip("wheel", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    return next(folder.glob("*.whl"))


def install(wheel: Path, folder: Path) -> Path:
    """The program `parlour` of a fresh virtual environment in *folder*, which borrows the libraries of this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    _pip("--python", str(folder / "bin" / "python"), "install", str(wheel))
    return folder / "bin" / "parlour"


def _pip(*arguments: str) -> None:
    offline = {**os.environ, "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [sys.executable, "-m", "pip", *arguments]
    done = subprocess.run(command, env=offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@asynccontextmanager
async def serving(*command: str | Path, folder: Path, **environment: str) -> AsyncIterator[int]:
    """The port on which *command*, called in *folder*, says that it serves the page. It is told to end as service managers
    do, and must end well."""
    alone = {"PATH": os.environ["PATH"], "HOME": str(folder), "PORT": "0", **environment}
    quiet, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    words = [str(word) for word in command]
    process = await asyncio.create_subprocess_exec(
        *words, cwd=folder, env=alone, stdin=quiet, stdout=quiet, stderr=pipe
    )
    try:
        yield await _announced(process)
        process.terminate()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _announced(process: asyncio.subprocess.Process) -> int:
    assert process.stderr
    said = ""
    async for line in process.stderr:
        said += line.decode()
        if found := re.search(r"web: http://127\.0\.0\.1:(\d+)", said):
            return int(found[1])
    raise AssertionError(said)

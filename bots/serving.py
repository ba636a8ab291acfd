"""``python -m bots run``: serves the platforms; where none is on, somebody at the terminal gets the chat."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Sequence

from bots import wiring
from bots.output import complain
from core.config import Config

PLATFORMS = ("discord", "telegram", "web")


def why_off(config: Config) -> dict[str, str]:
    """For each platform that is not served, the reason."""
    tokens = {"discord": config.discord.token, "telegram": config.telegram.token}
    missing = [name for name, token in tokens.items() if not token.get_secret_value()]
    reasons = {name: f"no token is set ({name}.token, or {name.upper()}_TOKEN in the environment)" for name in missing}
    return {**reasons, "web": "this version has no page yet"}


async def run(config: Config, platforms: Sequence[str]) -> int:
    """Serves *platforms* (none named: all that are on), after saying which are off and why. Raises StoreError.

    Where nothing is on, a process manager gets a process that keeps the store swept and ends on SIGTERM: one that ended
    by itself would be started again for ever. People get the chat, or exit code 1 when they named what is off."""
    off = why_off(config)
    for name, reason in off.items():
        if name in platforms or (not platforms and sys.stderr.isatty()):
            complain(f"{name} is off: {reason}")
    if on := [name for name in platforms or PLATFORMS if name not in off]:
        return await wiring.serve(config, on, complain)
    if not platforms and _has_input():
        return await wiring.chat(config, "default")
    if sys.stdout.isatty():
        return 1
    return await _stay(config)


def _has_input() -> bool:
    """Whether standard input is a terminal, a pipe or a file, and not closed or /dev/null."""
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return sys.stdin.isatty() or not stat.S_ISCHR(kind)


async def _stay(config: Config) -> int:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with wiring.house(config):
        await ended.wait()
    return 0

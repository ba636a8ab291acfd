"""``python -m bots run``: serves the platforms."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bots import wiring
from bots.web.exposure import exposure_of
from core.config import Config, is_blank
from core.errors import ConfigError

NOT_SERVED = "nothing is served here: what is set meanwhile is taken up by a restart"
BLANK = "holds nothing: what is built in holds"
PLATFORMS = ("discord", "telegram", "web")
COLLECT_AFTER = 50_000
"""Objects that are made, and not given back, until the garbage collector looks for cycles. With Python's own 700 it looks
again and again while hundreds of people ask at once: from a question to the request at the model's server that made
3.5 ms of processor time instead of 2.1 (400 questions at the same moment). A hundred answers under way are some 20,000
objects, none of which it could give back."""


def why_off(config: Config) -> dict[str, str]:
    """For each platform that is not served, the reason. The page needs nothing, so it always is."""
    tokens = {"discord": config.discord.token, "telegram": config.telegram.token}
    missing = [name for name, token in tokens.items() if not token.get_secret_value()]
    return {name: f"no token is set ({name}.token, or {name.upper()}_TOKEN in the environment)" for name in missing}


async def run(config: Config, platforms: Sequence[str], file: Path | None) -> int:
    """Serves *platforms* (none named: all that are on), after saying which are off and why. *file*: where *config* stands,
    if anywhere. Raises StoreError, and ConfigError where the page would let in people whom nobody meant to.

    Where nothing that was named is on, a process manager gets a process that keeps the store swept and ends on SIGTERM:
    one that ended by itself would be started again for ever. People get exit code 1."""
    off, announce = why_off(config), wiring.announcer(config)
    if file and is_blank(file):
        announce(f"{file} {BLANK}")
    for name, reason in off.items():
        if name in platforms or (not platforms and sys.stderr.isatty()):
            announce(f"{name} is off: {reason}")
    on = [name for name in platforms or PLATFORMS if name not in off]
    if "web" in on and (refusal := exposure_of(config.web).refusal):
        raise ConfigError(f"{file}: {refusal}" if file else refusal)
    if on:
        gc.set_threshold(COLLECT_AFTER)
        return await wiring.serve(config, on, announce, file)
    return 1 if sys.stdout.isatty() else await _stay(config, announce)


async def _stay(config: Config, announce: Callable[[str], None]) -> int:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    wiring.heed_hangup(ended.set, partial(announce, NOT_SERVED))
    async with wiring.house(config) as here, wiring.probes(config, here, announce):
        await ended.wait()
    return 0

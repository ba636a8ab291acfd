"""What people and the operator see when something goes wrong, played with real parts: what `docs/troubles.md` shows.

    python -m bench.troubles_transcript [SCENE …]

Plays each scene (or those that are named) and puts it into the document, in the place of what stood there. Hours pass on a
clock that the play owns; the disk that is full is a real one.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import _full, _on_discord, _operating, _outages
from tests.support.tree import ROOT

DOCUMENT = ROOT / "docs/troubles.md"
SCENES: dict[str, Callable[[Path], Awaitable[list[str]]]] = {
    "broken-start": _operating.broken_start,
    "broken-meanwhile": _operating.broken_meanwhile,
    "provider-key": _operating.provider_key,
    "privacy-key": _operating.privacy_key,
    "bot-token": _operating.bot_token,
    "discord-token": _on_discord.discord_token,
    "page-token": _operating.page_token,
    "full-disk": _full.full_disk,
    "full-redis": _full.full_redis,
    "full-log": _full.full_log,
    "clock": _outages.clock_jumps,
    "provider-away": _outages.provider_away,
    "store-away": _outages.store_away,
    "platform-away": _outages.platform_away,
}
FENCED = "^```text {}\n(.*?)^```$"


async def played(name: str) -> list[str]:
    """The lines of the scene *name*."""
    with tempfile.TemporaryDirectory(prefix="parlour-trouble-") as folder:
        return await SCENES[name](Path(folder))


def shown(name: str) -> list[str]:
    """The same, as the document has it."""
    found = re.search(FENCED.format(name), DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None, f"the document has no {name}"
    return found[1].splitlines()


def put(name: str, lines: list[str]) -> None:
    block = "\n".join([f"```text {name}", *lines, "```"])
    pattern = re.compile(FENCED.format(name), re.DOTALL | re.MULTILINE)
    DOCUMENT.write_text(pattern.sub(lambda _: block, DOCUMENT.read_text()))


if __name__ == "__main__":
    for scene in sys.argv[1:] or SCENES:
        put(scene, asyncio.run(played(scene)))

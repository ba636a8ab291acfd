"""What a server has on its disk of what was deleted."""

from __future__ import annotations

import structlog

from core.stores.redis.database import META
from core.stores.redis.link import Link

log = structlog.get_logger(__name__)

UNWRITTEN = "unwritten"
"""The entry of `META` that says that files are to be written anew."""
_AT_IT = "in progress"
"""In the refusal of a server that is writing them already, perhaps as they were before the deletion."""


async def rewrite_files(link: Link) -> None:
    """Has every server write its files anew, in which deleted words still stand: the append-only file, and the snapshot
    where it makes any by itself. It does so in the background; one that does not allow it keeps them until it does."""
    await link.execute("HSET", META, UNWRITTEN, "1")
    await catch_up(link)


async def catch_up(link: Link) -> None:
    """Asks for what is still to be written."""
    if not await link.execute("HGET", META, UNWRITTEN):
        return
    facts = await link.on_primaries("INFO", "persistence")
    settings = await link.on_primaries("CONFIG GET", "save")
    commands: list[tuple[str, ...]] = []
    if any(not isinstance(known, Exception) and known.get("aof_enabled") for known in facts.values()):
        commands.append(("BGREWRITEAOF",))
    if any(not isinstance(known, Exception) and known.get("save") for known in settings.values()):
        commands.append(("BGSAVE", "SCHEDULE"))
    if all([await _asked(link, *command) for command in commands]):
        await link.execute("HDEL", META, UNWRITTEN)


async def _asked(link: Link, *command: str) -> bool:
    """False where it is to be asked again later."""
    refusals = await link.on_primaries(*command)
    refused = {place: str(answer) for place, answer in refusals.items() if isinstance(answer, Exception)}
    if any(_AT_IT in refusal for refusal in refused.values()):
        return False
    for place, refusal in refused.items():
        log.warning("store.file_not_rewritten", place=place, command=command[0], detail=refusal)
    return True

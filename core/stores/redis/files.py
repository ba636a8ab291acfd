"""What a server has on its disk of what was deleted."""

from __future__ import annotations

import structlog

from core.stores.redis.link import Link

log = structlog.get_logger(__name__)


async def rewrite_files(link: Link) -> None:
    """Asks every server to write its files anew, in which deleted words still stand: the append-only file, and the snapshot
    where it makes any by itself. It does so in the background; one that does not allow it keeps them until it does."""
    facts = await link.on_primaries("INFO", "persistence")
    if any(not isinstance(known, Exception) and known.get("aof_enabled") for known in facts.values()):
        await _ask(link, "BGREWRITEAOF")
    settings = await link.on_primaries("CONFIG GET", "save")
    if any(not isinstance(known, Exception) and known.get("save") for known in settings.values()):
        await _ask(link, "BGSAVE", "SCHEDULE")


async def _ask(link: Link, *command: str) -> None:
    for place, answer in (await link.on_primaries(*command)).items():
        if isinstance(answer, Exception):
            log.warning("store.file_not_rewritten", place=place, command=command[0], detail=str(answer))

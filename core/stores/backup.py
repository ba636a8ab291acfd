"""Everything of a store in one file, while processes work on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from core.errors import StoreError
from core.ports import Clock
from core.stores.copying import copy
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.stores.sqlite.files import file_of
from core.stores.sqlite.snapshot import snapshot

Progress = Callable[[int, int], None]


async def back_up(url: str, file: Path, clock: Clock, progress: Progress) -> None:
    """The store at *url* into *file*, which is a store itself and appears when it is whole. An SQLite file is copied as it
    is at one moment; of Redis, what is written meanwhile may be missing. What is sealed stays sealed. *progress* as in
    `copy`. Raises StoreError, also where there is a file already."""
    if await asyncio.to_thread(file.exists):
        raise StoreError(f"There is a file {file} already.")
    part = file.with_name(f"{file.name}.part")
    await asyncio.to_thread(part.unlink, missing_ok=True)
    try:
        await _write(url, part, clock, progress)
        await asyncio.to_thread(part.rename, file)
    finally:  # half of what people said is of use to nobody
        await asyncio.to_thread(part.unlink, missing_ok=True)


async def _write(url: str, part: Path, clock: Clock, progress: Progress) -> None:
    if url.startswith("sqlite:"):
        await asyncio.to_thread(snapshot, file_of(url), part)
    else:
        source_as_it_lies, as_it_lies = StoreOptions(read_only=True, keys=None), StoreOptions(keys=None)
        async with (
            open_store(url, clock, source_as_it_lies) as source,
            open_store(url_of(part), clock, as_it_lies) as target,
        ):
            await copy(source, target, progress)


def url_of(file: Path) -> str:
    return f"sqlite:///{quote(str(file.absolute()))}"

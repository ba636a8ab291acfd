"""Everything of one store into another one."""

from __future__ import annotations

from collections.abc import Callable

from core.ports import Store

_PAGE = 500  # records; a page is one transaction of the target


async def copy(source: Store, target: Store, progress: Callable[[int, int], None]) -> int:
    """Returns how many records were read; *progress* gets that number so far and about how many there are in all.
    Can be repeated: what the target has already is not written twice. Raises StoreError."""
    expected, copied, cursor = await source.size(), 0, ""
    progress(0, expected)
    while True:
        records, cursor = await source.page(cursor, _PAGE)
        await target.load(records)
        copied += len(records)
        progress(copied, max(expected, copied))
        if not cursor:
            return copied

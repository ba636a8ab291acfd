"""A copy of an SQLite file as it is at one moment, while others write to it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from core.errors import StoreError
from core.stores.sqlite.database import connect
from core.stores.sqlite.opening import create_file, file_of
from core.stores.sqlite.problems import problem


async def snapshot(url: str, target: Path) -> None:
    """The file at *url* into *target*, which its owner alone can read. Raises ConfigError, StoreError."""
    source = file_of(url)
    await asyncio.to_thread(_snapshot, source, target)


def _snapshot(source: Path, target: Path) -> None:
    if not source.exists():
        raise StoreError(f"There is no store {source}.")
    create_file(target)
    try:
        with closing(connect(source)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))  # https://sqlite.org/lang_vacuum.html
    except sqlite3.Error as error:
        raise problem(error, source) from error

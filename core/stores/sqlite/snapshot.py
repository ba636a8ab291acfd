"""A copy of an SQLite file as it is at one moment, while others write to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from core.errors import StoreError, StoreFull, StoreUnavailable
from core.stores.sqlite.files import create_file
from core.stores.sqlite.problems import problem


def snapshot(source: Path, target: Path) -> None:
    """*source* into *target*, which its owner alone can read. Changes nothing at *source*, which may lie where nothing can
    be written. Raises StoreError."""
    if not source.exists():
        raise StoreError(f"There is no store {source}.")
    create_file(target)
    log = source.with_name(f"{source.name}-wal")
    used = log.exists()
    # With a log of writes somebody works on it, or was killed: then its locks count. Without one, what is opened as
    # immutable gets no log either. https://sqlite.org/uri.html
    how = "mode=ro" if used else "immutable=1"
    try:
        with closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
        ) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))  # https://sqlite.org/lang_vacuum.html
    except sqlite3.Error as error:
        found = problem(error, source)
        raise (problem(error, target) if isinstance(found, StoreFull) else found) from error
    if not used and log.exists():
        raise StoreUnavailable(f"The store {source}: a process began to work on it meanwhile. Try again.")

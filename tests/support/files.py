"""Files and directories that cannot be written to, and stores of older versions."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from core.stores.sqlite import schema

NOBODY = 65_534


@contextmanager
def as_nobody(*paths: Path) -> Iterator[None]:
    """Nothing is read-only for root, so root becomes somebody else for a while."""
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)
        for path in paths:
            path.chmod(0o755)


@contextmanager
def no_room() -> Iterator[None]:
    """Nothing beyond its first 4096 bytes, which a file system may give away at once, finds room on a disk."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def as_it_was(file: Path, today: Path) -> None:
    """What is in the file *today*, as far as the migrations that there were then have a table for it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        schema.migrate(connection, 0.0)
        connection.execute("ATTACH ? AS today", (str(today),))
        tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name <> 'migrations'")
        for (table,) in tables.fetchall():
            names = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM today.{table}")

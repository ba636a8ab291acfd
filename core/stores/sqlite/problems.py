"""SQLite's errors as ours, mapped in one place. Result codes: https://sqlite.org/rescode.html"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from core.errors import StoreError, StoreFull, StoreReadOnly, StoreUnavailable

_PRIMARY = 0xFF  # the low byte of an extended result code is the primary one

_PROBLEMS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreUnavailable, "another process keeps it locked"),
    sqlite3.SQLITE_LOCKED: (StoreUnavailable, "another connection keeps it locked"),
    sqlite3.SQLITE_IOERR: (StoreUnavailable, "the disk could not be read or written"),
    sqlite3.SQLITE_NOMEM: (StoreUnavailable, "there is no memory left"),
    sqlite3.SQLITE_FULL: (StoreFull, "the disk is full"),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, "it cannot be written to"),
    sqlite3.SQLITE_PERM: (StoreReadOnly, "it cannot be written to"),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "it cannot be opened"),
    sqlite3.SQLITE_NOTADB: (StoreError, "it is not an SQLite database"),
    sqlite3.SQLITE_CORRUPT: (StoreError, "it is damaged"),
}
_EXTENDED: dict[int, tuple[type[StoreError], str]] = {
    # The index of the write-ahead log, which whoever opens a file needs room for, if only to read.
    sqlite3.SQLITE_IOERR_SHMSIZE: _PROBLEMS[sqlite3.SQLITE_FULL],
}
_OTHER: tuple[type[StoreError], str] = (StoreError, "SQLite could not do what was asked")

_FILE_PROBLEMS: dict[int | None, type[StoreError]] = {
    errno.ENOSPC: StoreFull,
    errno.EDQUOT: StoreFull,
    errno.EROFS: StoreReadOnly,
    errno.EACCES: StoreReadOnly,
    errno.EPERM: StoreReadOnly,
}


def problem(error: sqlite3.Error, file: Path) -> StoreError:
    """The error of ours that says what *error* means for the store in *file*, in one line without content."""
    code = getattr(error, "sqlite_errorcode", None)
    kind, meaning = (_EXTENDED.get(code) or _PROBLEMS.get(code & _PRIMARY, _OTHER)) if code is not None else _OTHER
    return kind(f"The store {file}: {meaning}.")


def file_problem(error: OSError, doing: str, path: Path) -> StoreError:
    """The same for what the operating system says about a file or directory."""
    kind = _FILE_PROBLEMS.get(error.errno, StoreError)
    return kind(f"Cannot {doing} {path}: {error.strerror or type(error).__name__}.")

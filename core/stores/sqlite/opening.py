"""Opening the store in an SQLite file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import unquote

from core.errors import ConfigError, StoreError
from core.ports import Clock, Store
from core.stores.options import StoreOptions
from core.stores.sqlite.database import Database, connect
from core.stores.sqlite.feeds import Board, SqliteFeeds
from core.stores.sqlite.history import SqliteHistory
from core.stores.sqlite.inbox import SqliteInbox
from core.stores.sqlite.outbox import SqliteOutbox
from core.stores.sqlite.paces import SqlitePaces
from core.stores.sqlite.people import SqlitePeople
from core.stores.sqlite.places import SqlitePlaces
from core.stores.sqlite.problems import file_problem, problem
from core.stores.sqlite.purses import SqlitePurses
from core.stores.sqlite.receipts import SqliteReceipts
from core.stores.sqlite.rulings import SqliteRulings
from core.stores.sqlite.schema import MARK, migrate
from core.stores.sqlite.sharing import SqliteSharing
from core.stores.sqlite.shelf import SqliteShelf
from core.stores.sqlite.tallies import SqliteTallies
from core.stores.sqlite.upkeep import SqliteUpkeep
from core.stores.sqlite.wake import Wake

_OWNER_ONLY_FILE = 0o600
_OWNER_ONLY_DIRECTORY = 0o700
_IN_MEMORY = ("sqlite://", "sqlite:///:memory:")


class SqliteStore(
    SqliteInbox,
    SqliteHistory,
    SqliteSharing,
    SqliteFeeds,
    SqliteShelf,
    SqliteReceipts,
    SqliteOutbox,
    SqlitePurses,
    SqlitePaces,
    SqlitePeople,
    SqliteRulings,
    SqliteTallies,
    SqlitePlaces,
    SqliteUpkeep,
):
    """`core.ports.Store` over one SQLite file, which several processes may share."""

    def __init__(self, database: Database, options: StoreOptions) -> None:
        self._database = database
        self._options = options
        self._wake = Wake(database)
        self._board = Board(database.clock)


@asynccontextmanager
async def open_sqlite(url: str, clock: Clock, options: StoreOptions) -> AsyncIterator[Store]:
    """Takes ``sqlite:///relative/file`` and ``sqlite:////absolute/file``; ``sqlite://`` is gone when it is closed.
    Creates file and directory if it may, readable by their owner alone. Raises ConfigError for another address, StoreReadOnly,
    StoreFull, StoreTooNew, StoreUnavailable (locked by another process) or StoreError."""
    if url in _IN_MEMORY:
        # A connection cannot see the memory of another one, so "in memory" is a file nobody else knows.
        with tempfile.TemporaryDirectory(prefix="parlour-") as folder:
            async with _opened(Path(folder, "parlour.db"), clock, options) as store:
                yield store
    else:
        async with _opened(file_of(url), clock, options) as store:
            yield store


@asynccontextmanager
async def _opened(file: Path, clock: Clock, options: StoreOptions) -> AsyncIterator[Store]:
    database = await asyncio.to_thread(_prepare, file, clock, create=options.create)
    try:
        await database.time.keep()
        yield SqliteStore(database, options)
    finally:
        await database.close()


def file_of(url: str) -> Path:
    name = unquote(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not name.strip() or "\0" in name:
        raise ConfigError("store: an SQLite file is written sqlite:///relative/file.db or sqlite:////absolute/file.db")
    return Path(name)


def _prepare(file: Path, clock: Clock, *, create: bool) -> Database:
    if not create and not file.exists():
        raise StoreError(f"There is no store {file}.")
    create_file(file)
    try:
        _check_whose(file, create=create)
        with closing(connect(file)) as connection:
            migrate(connection, clock.now())
        return Database(file, clock)
    except sqlite3.Error as error:
        raise problem(error, file) from error


def _check_whose(file: Path, *, create: bool) -> None:
    """Raises StoreError for another program's file, and for an empty one where nothing is to be created. Writes nothing,
    as `connect` would."""
    with closing(sqlite3.connect(file)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if MARK not in tables and (tables or not create):
        raise StoreError(f"The file {file} is not a store of Parlour.")


def create_file(file: Path) -> None:
    try:
        file.parent.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
    except OSError as error:
        raise file_problem(error, "create the directory", file.parent) from error
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY_FILE))
    except OSError as error:
        raise file_problem(error, "open the store", file) from error

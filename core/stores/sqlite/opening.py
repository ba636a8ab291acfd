"""Opening the store in an SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path

from core.errors import StoreError
from core.ports import Clock, Store
from core.stores.options import StoreOptions
from core.stores.sqlite.database import Database, connect
from core.stores.sqlite.feeds import Board, SqliteFeeds
from core.stores.sqlite.files import create_file, file_of
from core.stores.sqlite.history import SqliteHistory
from core.stores.sqlite.inbox import SqliteInbox
from core.stores.sqlite.outbox import SqliteOutbox
from core.stores.sqlite.paces import SqlitePaces
from core.stores.sqlite.people import SqlitePeople
from core.stores.sqlite.places import SqlitePlaces
from core.stores.sqlite.problems import problem
from core.stores.sqlite.purses import SqlitePurses
from core.stores.sqlite.receipts import SqliteReceipts
from core.stores.sqlite.rulings import SqliteRulings
from core.stores.sqlite.schema import MARK, migrate
from core.stores.sqlite.sharing import SqliteSharing
from core.stores.sqlite.shelf import SqliteShelf
from core.stores.sqlite.snapshot import snapshot
from core.stores.sqlite.tallies import SqliteTallies
from core.stores.sqlite.upkeep import SqliteUpkeep
from core.stores.sqlite.wake import Wake

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
    with ExitStack() as lent:
        if url in _IN_MEMORY:
            # A connection cannot see the memory of another one, so "in memory" is a file nobody else knows.
            file = called = lent.enter_context(_nobodys_file())
        elif options.read_only:
            called = file_of(url)
            file = lent.enter_context(_nobodys_file())
            await asyncio.to_thread(snapshot, called, file)
        else:
            file = called = file_of(url)
        database = await asyncio.to_thread(_prepare, file, called, clock, create=not options.read_only)
        try:
            await database.time.keep()
            yield SqliteStore(database, options)
        finally:
            await database.close()


@contextmanager
def _nobodys_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="parlour-") as folder:
        yield Path(folder, "parlour.db")


def _prepare(file: Path, called: Path, clock: Clock, *, create: bool) -> Database:
    """*called*: as in `Database`. *create*: whether a file that has nothing in it becomes a store."""
    create_file(file)
    try:
        with closing(sqlite3.connect(file)) as connection:
            _check_whose(connection, called, create=create)
        with closing(connect(file)) as connection:
            migrate(connection, clock.now())
        return Database(file, clock, called)
    except sqlite3.Error as error:
        raise problem(error, called) from error


def _check_whose(connection: sqlite3.Connection, called: Path, *, create: bool) -> None:
    """Raises StoreError for another program's file, and for an empty one where nothing is to be created. Writes nothing,
    as `connect` would."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if MARK not in tables and (tables or not create):
        raise StoreError(f"The file {called} is not a store of Parlour.")

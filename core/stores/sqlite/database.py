"""One SQLite file: a thread that writes, grouping what is asked for meanwhile, and threads that read."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.clock import SteadyTime
from core.errors import LeaseLost, StoreError
from core.ports import Clock
from core.stores.codec import storable
from core.stores.sqlite.problems import problem
from core.stores.timekeeping import SharedTime

T = TypeVar("T")
Value = str | int | float | None

BUSY_TIMEOUT = 5.0  # seconds that a lock of another process is waited for
READERS = 2
GROUP = 256  # operations in one transaction at most, so that the first of them need not wait long


class Session:
    """What an operation works with. `now` is Unix time, `steady` what is waited by (`core.stores.timekeeping`). They are
    read when the operation runs, not when it was asked for: a process that was paused in between must not believe its
    lease still holds."""

    def __init__(self, connection: sqlite3.Connection, clock: Clock, time: SteadyTime) -> None:
        self._connection = connection
        self.now = clock.now()
        self.steady = time.now()

    def run(self, sql: str, *values: Value) -> sqlite3.Cursor:
        clean = [storable(value) if isinstance(value, str) else value for value in values]
        return self._connection.execute(sql, clean)

    def one(self, sql: str, *values: Value) -> Any:
        """The first row, or None."""
        return self.run(sql, *values).fetchone()

    def all(self, sql: str, *values: Value) -> list[Any]:
        return self.run(sql, *values).fetchall()

    def value(self, sql: str, *values: Value) -> Any:
        """The first column of the first row, or None."""
        row = self.one(sql, *values)
        return None if row is None else row[0]

    def token_above(self, last: int | None) -> int:
        """A fencing token above every earlier one, also where the last one was lost or forgotten (None)."""
        return max((last or 0) + 1, int(self.steady * 1_000_000))


Operation = Callable[[Session], T]


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    operation: Operation[T]
    future: asyncio.Future[T]


@dataclass(frozen=True, slots=True)
class Done:
    """How one operation of a group ended."""

    result: Any = None
    error: Exception | None = None


def connect(file: Path) -> sqlite3.Connection:
    """A connection for one thread at a time. Raises sqlite3.Error."""
    connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten, not only forgotten
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class Database:
    """Runs operations off the event loop. One that fails leaves nothing behind and does not disturb the others of its
    group. Raises StoreError; what an operation raises itself (LeaseLost) comes out as it is. called: the name of *file* for
    people, which for a copy is that of what it was copied from."""

    def __init__(self, file: Path, clock: Clock, called: Path) -> None:
        self.called = called
        self.clock = clock
        self.time = SharedTime(clock, self.agree)
        self._writer = connect(file)
        self._readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        for _ in range(READERS):
            self._readers.put(connect(file))
        self._write_thread = ThreadPoolExecutor(1, "parlour-sqlite-write")
        self._read_threads = ThreadPoolExecutor(READERS, "parlour-sqlite-read")
        self._waiting: list[Job[Any]] = []
        self._group: asyncio.Future[list[Done]] | None = None

    def write(self, operation: Operation[T]) -> asyncio.Future[T]:
        """Commits *operation*, together with the others that wait. The future is done once it is on the disk.
        Cancelling the future does not undo it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(Job(operation, future))
        if self._group is None:
            self._start()
        return future

    async def read(self, operation: Operation[T]) -> T:
        """Runs *operation* on what is committed."""
        return await asyncio.get_running_loop().run_in_executor(self._read_threads, self._read, operation)

    async def version(self) -> int:
        """Changes whenever another connection than the writing one committed something."""
        return await asyncio.get_running_loop().run_in_executor(self._write_thread, self._version)

    async def wipe(self) -> None:
        """Empties the log of earlier writes, in which deleted rows stand as they were; or leaves that to a later time,
        while somebody still reads them."""
        await asyncio.get_running_loop().run_in_executor(self._write_thread, self._wipe)

    async def close(self) -> None:
        """Returns when all that was asked for is written."""
        while self._group is not None:
            await asyncio.wait({self._group})
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._write_thread, self._writer.close)
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        while not self._readers.empty():
            self._readers.get().close()

    async def agree(self, moment: float) -> float:
        """As `SharedTime` wants it."""
        return await self.write(lambda session: _latest(session, moment))

    def _start(self) -> None:
        jobs, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
        loop = asyncio.get_running_loop()
        self._group = loop.run_in_executor(self._write_thread, self._commit, [job.operation for job in jobs])
        self._group.add_done_callback(lambda group: self._finished(jobs, group))

    def _finished(self, jobs: Sequence[Job[Any]], group: asyncio.Future[list[Done]]) -> None:
        self._group = None
        if self._waiting:
            self._start()
        broken = group.exception()
        outcomes: Iterable[Done] = [Done(error=StoreError(str(broken)))] * len(jobs) if broken else group.result()
        for job, done in zip(jobs, outcomes, strict=True):
            _settle(job.future, done)
        if broken:
            raise broken

    def _commit(self, operations: Sequence[Operation[Any]]) -> list[Done]:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            return [Done(error=problem(error, self.called))] * len(operations)
        try:
            outcomes = [self._attempt(operation) for operation in operations]
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            if len(operations) == 1:
                return [Done(error=problem(error, self.called))]
        else:
            return outcomes
        finally:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        # One of them took the whole group with it (a full disk does): each for itself, then.
        return [done for operation in operations for done in self._commit([operation])]

    def _attempt(self, operation: Operation[Any]) -> Done:
        self._writer.execute("SAVEPOINT operation")
        try:
            done = Done(operation(Session(self._writer, self.clock, self.time)))
        except (LeaseLost, StoreError) as error:
            done = Done(error=error)
        except sqlite3.Error as error:
            if not self._writer.in_transaction:
                raise
            done = Done(error=problem(error, self.called))
        if done.error is not None:
            self._writer.execute("ROLLBACK TO operation")
        self._writer.execute("RELEASE operation")
        return done

    def _read(self, operation: Operation[T]) -> T:
        connection = self._readers.get()
        try:
            return operation(Session(connection, self.clock, self.time))
        except sqlite3.Error as error:
            raise problem(error, self.called) from error
        finally:
            self._readers.put(connection)

    def _wipe(self) -> None:
        try:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise problem(error, self.called) from error

    def _version(self) -> int:
        try:
            number: int = self._writer.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise problem(error, self.called) from error
        return number


def _latest(session: Session, moment: float) -> float:
    session.run("INSERT INTO clock VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = MAX(at, excluded.at)", moment)
    latest: float = session.value("SELECT at FROM clock")
    return latest


def _settle(future: asyncio.Future[Any], done: Done) -> None:
    if future.done():
        return
    if done.error is not None:
        future.set_exception(done.error)
    else:
        future.set_result(done.result)

"""What only an SQLite file can do to us: be shared, killed, full, read-only, newer, locked, or no database at all."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from core.domain import ConversationId, PersonId, Ref
from core.errors import (
    ConfigError,
    LeaseLost,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
    StoreUnavailable,
)
from core.ports import Outcome
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.stores.sqlite import database, schema
from core.stores.sqlite.opening import SqliteStore, open_sqlite
from core.stores.sqlite.problems import problem
from tests.contracts.making import CHAT, LANE, LEASE, OTHER, answered, asked, branch, claimed
from tests.support.clock import ManualClock, until
from tests.support.files import as_it_was, as_nobody, no_room

ROOT = Path(__file__).parents[2]
ADA = PersonId("web:ada")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "parlour.db"


@pytest.fixture
async def store(file: Path, clock: ManualClock) -> AsyncIterator[SqliteStore]:
    async with open_sqlite(f"sqlite:///{file}", clock, StoreOptions()) as store:
        assert isinstance(store, SqliteStore)
        yield store


def in_file(file: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection, connection:
        return connection.execute(sql).fetchall()


async def open_once(file: Path) -> None:
    async with open_store(f"sqlite:///{file}", ManualClock()):
        pass


async def test_only_the_owner_can_read_what_was_said(store: SqliteStore, file: Path) -> None:
    await store.put(asked("1"))
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes.keys() >= {"parlour.db", "parlour.db-wal"}
    assert set(modes.values()) == {0o600}


async def test_an_accepted_message_is_on_the_disk(store: SqliteStore, file: Path) -> None:
    await store.put(asked("1"))
    assert in_file(file, "SELECT id FROM turns") == [("1",)]
    assert in_file(file, "PRAGMA journal_mode") == [("wal",)]
    assert store._database._writer.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"


async def test_messages_that_come_together_share_a_commit(store: SqliteStore) -> None:
    statements: list[str] = []
    store._database._writer.set_trace_callback(statements.append)
    await asyncio.gather(*(store.put(asked(f"{number}")) for number in range(200)))
    assert statements.count("COMMIT") == 2, "the first by itself, the others while it was being written"
    assert (await store.depth()).queued == 200


async def test_one_that_fails_leaves_nothing_and_disturbs_nobody(store: SqliteStore, clock: ManualClock) -> None:
    await store.put(asked("1"))
    lost = await claimed(store)
    clock.leap(LEASE)
    outcomes = await asyncio.gather(
        store.put(asked("2")),
        store.put(asked("3")),
        store.finish(lost, Outcome.FAILED),
        store.put(asked("4")),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [bool, bool, LeaseLost, bool]
    assert (await store.depth()).queued == 4
    assert (await store.conversation(CHAT)).failed is None


async def test_a_full_disk_refuses_what_does_not_fit_and_goes_on(store: SqliteStore) -> None:
    writer = store._database._writer
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 20}")
    large = asked("large", "x" * 1_000_000, OTHER)
    outcomes = await asyncio.gather(
        *(store.put(message) for message in (asked("1"), asked("2"), large, asked("3"))), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [bool, bool, StoreFull, bool]
    assert "\n" not in str(outcomes[2])
    writer.execute("PRAGMA max_page_count = 1000000")
    assert await store.put(large), "it was not accepted before, so it is no duplicate"
    assert (await store.depth()).queued == 4


async def test_a_disk_without_room_to_open_the_file_is_called_full() -> None:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "parlour.db")
        await open_once(file)
        with no_room(), pytest.raises(StoreFull, match="the disk is full"):
            await open_once(file)
        await open_once(file)


async def test_a_read_only_file_or_directory_is_said_so() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await open_once(folder / "parlour.db")
        for path in (folder, folder / "parlour.db"):
            path.chmod(0o777)
        with as_nobody(folder / "parlour.db"), pytest.raises(StoreReadOnly, match=r"parlour\.db"):
            await open_once(folder / "parlour.db")
        (folder / "parlour.db").chmod(0o666)
        with as_nobody(folder), pytest.raises(StoreReadOnly, match="cannot be written to"):
            await open_once(folder / "parlour.db")
        with as_nobody(folder), pytest.raises(StoreReadOnly, match="create the directory"):
            await open_once(folder / "new" / "parlour.db")


async def test_a_file_that_becomes_read_only_is_said_so(store: SqliteStore) -> None:
    store._database._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreReadOnly):
        await store.put(asked("1"))


async def test_who_waits_for_work_waits_on_while_the_file_cannot_be_read(store: SqliteStore, file: Path) -> None:
    """Whatever the reason: a worker that heard of it would end, and all others of its process with it."""
    await store.put(asked("1"))
    turn = await claimed(store)
    await store.stop(CHAT)
    in_file(file, "ALTER TABLE turns RENAME TO elsewhere")
    assert await store.wait(0) == frozenset()
    in_file(file, "ALTER TABLE elsewhere RENAME TO turns")
    assert await store.wait(0) == {turn.id}


async def test_a_file_of_a_newer_version_is_left_alone(file: Path) -> None:
    await open_once(file)
    in_file(file, "INSERT INTO migrations VALUES (99, 0)")
    with pytest.raises(StoreTooNew, match="newer version") as caught:
        await open_once(file)
    assert "\n" not in str(caught.value)


async def test_a_migration_runs_once_and_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await open_once(file)
    known = len(schema.MIGRATIONS)
    step = ("CREATE TABLE extra (x)", "INSERT INTO extra VALUES (1)")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, (*step, "NOT SQL")))
    with pytest.raises(StoreError):
        await open_once(file)
    assert in_file(file, "SELECT name FROM sqlite_master WHERE name = 'extra'") == []
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:-1], step))
    await open_once(file)
    await open_once(file)
    assert in_file(file, "SELECT x FROM extra") == [(1,)]
    assert in_file(file, "SELECT MAX(number), COUNT(*) FROM migrations") == [(known + 1, known + 1)]


async def test_a_file_of_every_older_version_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = tmp_path / "today.db"
    async with open_store(f"sqlite:///{today}", ManualClock(), StoreOptions(keys=None)) as store:
        await answered(store, asked("1"))
    for version in range(1, len(schema.MIGRATIONS)):
        file = tmp_path / f"{version}.db"
        with monkeypatch.context() as then:
            then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
            await asyncio.to_thread(as_it_was, file, today)
        async with open_store(f"sqlite:///{file}", ManualClock()) as store:
            await store.note("discord", "7", 1)
            await store.shelve(ADA, CHAT, "title")
            assert await branch(store) == ["Hello?", "Fine."]
            assert await store.voices(asked("1").sender.id) == (CHAT,)


async def test_what_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("a shopping list, not a database\n" * 100)
    with pytest.raises(StoreError, match="not an SQLite database"):
        await open_once(tmp_path / "text.db")
    assert (tmp_path / "text.db").read_text().startswith("a shopping list")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreError, match=r"folder\.db: Is a directory"):
        await open_once(tmp_path / "folder.db")
    with pytest.raises(StoreError, match="Cannot create the directory"):
        await open_once(tmp_path / "text.db" / "parlour.db")


@pytest.mark.parametrize(
    "url",
    ["", "parlour.db", "mysql://u:hunter2@h/d", "sqlite:parlour.db", "sqlite:///", "sqlite://host/x", "sqlite:///a%00"],
)
async def test_an_address_that_is_none_is_a_line_without_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^store: ") as caught:
        async with open_store(url, ManualClock()):
            pass
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_relative_address_is_below_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_store("sqlite:///data/my%20own.db", ManualClock()):
        assert (tmp_path / "data" / "my own.db").exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
async def test_in_memory_is_gone_afterwards(url: str, clock: ManualClock) -> None:
    async with open_store(url, clock) as store:
        await answered(store, asked("1"))
        assert await branch(store) == ["Hello?", "Fine."]
    async with open_store(url, clock) as store:
        assert await store.messages(CHAT) == ()


async def test_a_lock_of_another_process_stops_neither_the_loop_nor_readers(store: SqliteStore, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        putting = asyncio.create_task(store.put(asked("1")))
        assert await store.messages(CHAT) == ()
        assert not putting.done()
        other.execute("COMMIT")
        assert await putting


async def test_a_lock_that_is_never_given_back_is_unavailability(
    file: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.05)
    async with open_store(f"sqlite:///{file}", clock) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            outcomes = await asyncio.gather(*(store.put(asked(f"{n}")) for n in range(50)), return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
        assert await store.put(asked("1"))


async def test_a_claim_that_nobody_waits_for_is_given_back(store: SqliteStore, clock: ManualClock) -> None:
    """A worker told to stop while it claims: the turn is free at once, and the attempt does not count."""
    await store.put(asked("1"))
    claiming = asyncio.create_task(store.claim([LANE], LEASE))
    await asyncio.sleep(0)
    claiming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claiming
    given_back = "SELECT id FROM turns WHERE token > 0 AND held = 0"
    await until(lambda: bool(in_file(store._database.called, given_back)))
    assert clock.now() == ManualClock().now()
    assert (await claimed(store)).attempt == 1


async def test_closing_waits_for_what_was_asked_for(file: Path, clock: ManualClock) -> None:
    async with open_store(f"sqlite:///{file}", clock) as store:
        putting = [asyncio.create_task(store.put(asked(f"{number}"))) for number in range(600)]
        await asyncio.sleep(0)
    assert all(await asyncio.gather(*putting))
    assert in_file(file, "SELECT COUNT(*) FROM turns") == [(600,)]


WRITER = """
import asyncio, sys
from core.clock import SystemClock
from core.stores.opening import open_store
from tests.contracts.making import asked

async def main(url, name):
    async with open_store(url, SystemClock()) as store:
        for number in range(100_000):
            await store.put(asked(f"{name}{number}", conversation="terminal:shared"))
            print(f"{name}{number}", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_what_killed_processes_had_accepted_is_there_in_order(file: Path, clock: ManualClock) -> None:
    """Two processes write to one file until both are killed in the middle of it."""
    command = [sys.executable, "-c", WRITER, f"sqlite:///{file}"]
    writers = [await asyncio.create_subprocess_exec(*command, name, cwd=ROOT, stdout=PIPE) for name in "ab"]
    accepted: list[list[str]] = []
    for writer in writers:
        assert writer.stdout
        lines = b"".join([await writer.stdout.readline() for _ in range(50)])
        writer.kill()
        rest, _ = await writer.communicate()
        accepted.append((lines + rest[: rest.rfind(b"\n") + 1]).decode().split())
    async with open_store(f"sqlite:///{file}", clock) as store:
        clock.leap(1_000_000_000.0)
        order = [event for (event,) in in_file(file, "SELECT id FROM turns ORDER BY position")]
        for mine in accepted:
            name = mine[0][0]
            kept = [event for event in order if str(event).startswith(name)]
            assert kept[: len(mine)] == mine
            assert len(kept) <= len(mine) + 2, "what was being written when it was killed"
        assert (await claimed(store)).id == order[0]
    assert in_file(file, "PRAGMA integrity_check") == [("ok",)]


CODES = sorted({value for name, value in vars(sqlite3).items() if name.startswith("SQLITE_")})


@pytest.mark.parametrize("code", CODES)
def test_every_result_code_is_one_of_our_errors(code: int) -> None:
    error = sqlite3.OperationalError("secret words of the database")
    error.sqlite_errorcode = code
    found = problem(error, Path("parlour.db"))
    assert isinstance(found, StoreError)
    assert "secret" not in str(found)
    assert "\n" not in str(found)


# Reading all of a small table, or a partial index of the few rows that it holds, is meant.
SMALL = ("facts", "migrations", "branch", "turns USING INDEX turns_aside", "turns USING INDEX turns_stop")


async def test_no_statement_of_a_turn_reads_a_whole_table(store: SqliteStore, file: Path, clock: ManualClock) -> None:
    statements: set[str] = set()
    readers = [store._database._readers.get() for _ in range(database.READERS)]
    for connection in (store._database._writer, *readers):
        connection.set_trace_callback(statements.add)
    for connection in readers:
        store._database._readers.put(connection)
    await _everything(store, clock)
    with closing(sqlite3.connect(file)) as connection:
        for sql in statements:
            if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                details = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
                scans = [line for line in details if line.startswith("SCAN ")]
                assert not [line for line in scans if not line.removeprefix("SCAN ").startswith(SMALL)], sql
    assert len(statements) > 30


async def _everything(store: SqliteStore, clock: ManualClock) -> None:
    await answered(store, asked("1", ref=Ref("t:1")), shown=("t:2",))
    await store.put(asked("2", group="paste", revises=Ref("t:1")))
    await store.put(asked("3", group="paste", reply_to=Ref("t:2")))
    turn = await claimed(store)
    await store.renew(turn, LEASE)
    await store.stop(CHAT)
    await store.wait(0)
    await store.set_aside(turn, "broken")
    await store.requeue((await store.aside())[0].turn)
    await store.withdraw(CHAT, Ref("t:3"))
    await store.postpone(await claimed(store), 0.0, spent=True)
    await store.configure(CHAT, model="m")
    await store.move(CHAT, None)
    await branch(store)
    await store.children(CHAT, None)
    await store.messages(CHAT)
    await store.usage(CHAT)
    await store.facts()
    receipt = await store.open_receipt("key", "digest", LEASE)
    await store.close_receipt("key", receipt.token, "done")
    await store.shelve(ADA, CHAT, "title")
    await store.shelf(ADA)
    await store.search(ADA, "words", 10)
    await store.waiting(CHAT)
    await store.remove(ADA, CHAT)
    clock.leap(1_000_000)
    await store.sweep()
    assert await store.conversation(ConversationId("unknown"))

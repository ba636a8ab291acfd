"""What is copied from stays as it is, wherever it lies."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bots import wiring
from core.config import Config, parse_config
from core.errors import StoreError
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.stores.sqlite import schema
from tests.contracts.making import answered, asked, branch
from tests.support.clock import ManualClock
from tests.support.files import as_it_was, as_nobody
from tests.support.servers import RedisServer

AS_IT_LIES = StoreOptions(keys=None)
KEY = "a key of thirty-two characters .."


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Sealed, so that what it copies from without proof of its key is tempted to give it."""
    return parse_config(f"store: sqlite:///{tmp_path}/target/kept.db\nprivacy: {{key: {KEY}}}", {})


async def _talk(url: str, options: StoreOptions = AS_IT_LIES) -> None:
    async with open_store(url, ManualClock(), options) as store:
        await answered(store, asked("1"))


async def _said(config: Config) -> list[str]:
    async with wiring.store(config) as store:
        return await branch(store)


def _found(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


async def _everything(server: RedisServer) -> dict[bytes, bytes | None]:
    async with Redis(port=server.port) as client:
        return {key: await client.dump(key) async for key in client.scan_iter()}


def _older(file: Path, today: Path, journal: str) -> None:
    as_it_was(file, today)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")


@pytest.fixture
def folders() -> Iterator[tuple[Path, Path]]:
    """Of a backup, and of a store that anybody may write to."""
    with tempfile.TemporaryDirectory() as source, tempfile.TemporaryDirectory() as target:
        Path(target).chmod(0o777)
        yield Path(source), Path(target)


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_a_backup_of_an_older_version_is_restored_from_where_nothing_can_be_written(
    tmp_path: Path, folders: tuple[Path, Path], journal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _talk(f"sqlite:///{tmp_path}/today.db")
    folder, target = folders
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:-2])
        await asyncio.to_thread(_older, folder / "backup.db", tmp_path / "today.db", journal)
    before = _found(folder)
    config = parse_config(f"store: sqlite:///{target}/kept.db", {})
    with as_nobody(folder, folder / "backup.db"):
        assert await wiring.restore(config, folder / "backup.db", lambda *_: None) > 0
        assert await _said(config) == ["Hello?", "Fine."]
    assert _found(folder) == before


async def test_a_file_that_others_work_on_is_copied_with_what_only_its_log_has(tmp_path: Path, config: Config) -> None:
    url = f"sqlite:///{tmp_path}/busy.db"
    async with open_store(url, ManualClock(), AS_IT_LIES) as store:
        await answered(store, asked("1"))
        before = (tmp_path / "busy.db").read_bytes()
        await wiring.copy_store(config, url, config.store, lambda *_: None)
        assert (tmp_path / "busy.db").read_bytes() == before
    assert await _said(config) == ["Hello?", "Fine."]


@pytest.mark.parametrize("keys", [(), (KEY,)])
async def test_a_redis_is_left_as_it_was(redis: RedisServer, config: Config, keys: tuple[str, ...]) -> None:
    await _talk(redis.url, StoreOptions(keys=keys))
    redis.command("HSET", "parlour:meta", "schema", "1")
    before = await _everything(redis)
    await wiring.copy_store(config, redis.url, config.store, lambda *_: None)
    assert await _everything(redis) == before
    assert await _said(config) == ["Hello?", "Fine."]


async def test_an_empty_redis_stays_empty(redis: RedisServer, config: Config) -> None:
    with pytest.raises(StoreError, match=r"^Redis at 127\.0\.0\.1:\d+/0: there is no store of Parlour\.$"):
        await wiring.copy_store(config, redis.url, config.store, lambda *_: None)
    assert not await _everything(redis)

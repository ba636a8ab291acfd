"""What was deleted leaves a Redis' files as well, also where it was writing them just then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.domain import PersonId
from core.stores.options import StoreOptions
from core.stores.redis.opening import open_redis
from tests.contracts.making import answered, asked
from tests.support.clock import ManualClock, until
from tests.support.servers import RedisServer

ADA = PersonId("terminal:ada")
WORD = "Geheimnis"
SLOWLY = "100000"
"""Microseconds for each key that is written (redis.conf, `rdb-key-save-delay`)."""


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer(("save", '""'), ("rdbcompression", "no"), durable=True) as server:
        yield server


def _holds(server: RedisServer) -> bool:
    folder = Path(server._directory.name) / "appendonlydir"
    return any(WORD.encode() in file.read_bytes() for file in folder.iterdir())


def _is_at_it(server: RedisServer) -> bool:
    return "aof_rewrite_in_progress:1" in server.command("INFO", "persistence")


async def test_the_append_only_file_is_written_anew_without_who_is_forgotten(server: RedisServer) -> None:
    async with open_redis(server.url, ManualClock(), StoreOptions()) as store:
        await answered(store, asked("1", WORD))
        assert _holds(server)
        await store.forget_person(ADA, "")
        await until(lambda: not _is_at_it(server) and not _holds(server), 20_000)


async def test_where_it_is_being_written_it_is_written_again_with_the_next_sweep(server: RedisServer) -> None:
    async with open_redis(server.url, ManualClock(), StoreOptions()) as store:
        await answered(store, asked("1", WORD))
        server.command("CONFIG", "SET", "rdb-key-save-delay", SLOWLY)
        server.command("BGREWRITEAOF")
        assert _is_at_it(server)
        await store.forget_person(ADA, "")
        await until(lambda: not _is_at_it(server), 60_000)
        server.command("CONFIG", "SET", "rdb-key-save-delay", "0")
        assert _holds(server)
        await store.sweep()
        await until(lambda: not _is_at_it(server) and not _holds(server), 20_000)


async def test_a_server_that_does_not_allow_it_is_said_to_be_so() -> None:
    with RedisServer(("rename-command", 'BGREWRITEAOF ""'), ("save", '""'), durable=True) as server:
        async with open_redis(server.url, ManualClock(), StoreOptions()) as store:
            await answered(store, asked("1", WORD))
            with capture_logs() as logged:
                await store.forget_person(ADA, "")
                await store.sweep()
    assert [event["event"] for event in logged].count("store.file_not_rewritten") == 1

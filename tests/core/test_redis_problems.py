"""Every error that redis-py can raise is one that the rest of the program knows."""

from __future__ import annotations

import inspect

import pytest
from redis import exceptions as foreign
from redis.asyncio import sentinel

from core.errors import StoreError, StoreFull, StoreReadOnly, StoreUnavailable
from core.stores.redis.problems import FOREIGN, store_error, translated

AWAY = {
    "AskError",
    "BusyLoadingError",
    "ClusterDownError",
    "ClusterError",
    "ConnectionError",
    "CrossSlotTransactionError",
    "InvalidPipelineStack",
    "MasterDownError",
    "MasterNotFoundError",
    "MaxConnectionsError",
    "MovedError",
    "NoScriptError",
    "ReadOnlyError",
    "ReplicaNotFoundError",
    "RedisClusterException",
    "SlaveNotFoundError",
    "SlotNotCoveredError",
    "TimeoutError",
    "TryAgainError",
}
FULL = {"OutOfMemoryError"}
CLASSES = {
    name: kind
    for module in (foreign, sentinel)
    for name, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Exception) and kind.__module__.startswith("redis")
}


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_of_the_client_is_mapped(name: str) -> None:
    problem = CLASSES[name]("1 localhost:1")
    expected = StoreUnavailable if name in AWAY else StoreFull if name in FULL else StoreError
    with pytest.raises(StoreError) as caught, translated("Redis at db:1/0"):
        raise problem
    assert type(caught.value) is expected
    assert isinstance(problem, FOREIGN)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("NOREPLICAS Not enough good replicas to write.", StoreUnavailable),
        ("BUSY Redis is busy running a script.", StoreUnavailable),
        ("MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk.", StoreReadOnly),
        ("OOM command not allowed when used memory > 'maxmemory'.", StoreFull),
        ("ERR Error running script (call to f_0): @user_script:1: -OOM command not allowed", StoreFull),
        ("ERR Error running script: @user_script:1: -READONLY You can't write against a replica.", StoreUnavailable),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", StoreError),
    ],
)
def test_errors_without_a_class_are_known_by_their_first_word(words: str, expected: type[StoreError]) -> None:
    assert type(store_error(foreign.ResponseError(words), "Redis")) is expected


def test_a_lost_socket_is_a_server_that_is_away() -> None:
    with pytest.raises(StoreUnavailable), translated("Redis"):
        raise ConnectionResetError(104, "Connection reset by peer")


def test_the_line_is_short_and_single() -> None:
    line = str(store_error(foreign.ResponseError("ERR\nmany\r\nlines " + "x" * 1000), "Redis at db:1/0"))
    assert line.startswith("Redis at db:1/0: ERR many lines")
    assert len(line) < 250

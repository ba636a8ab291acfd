"""The backends that keep the contract of `core.ports.Store`. A further one is one more entry in BACKENDS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.ports import Store
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.support.clock import ManualClock
from tests.support.servers import Cluster, Group, RedisServer, redis_group, redis_nodes

PLAIN = StoreOptions()
PATIENT = "?socket_connect_timeout=30"
"""A machine may stand still for longer than the 3 seconds that a server is given elsewhere."""


@dataclass(frozen=True)
class Backend:
    """An empty store that a test may open as often as it likes: every opening is another client on the same data.

    expires_itself: the server forgets by its own clock, so a test cannot make a week pass.
    """

    url: str
    clock: ManualClock
    expires_itself: bool = False
    keys: tuple[str, ...] = ()

    def open(self, options: StoreOptions = PLAIN) -> AbstractAsyncContextManager[Store]:
        return open_store(self.url, self.clock, replace(options, keys=self.keys))


def sqlite(request: pytest.FixtureRequest, clock: ManualClock) -> Backend:
    folder: Path = request.getfixturevalue("tmp_path")
    return Backend(f"sqlite:///{folder}/parlour.db", clock)


def sqlite_sealed(request: pytest.FixtureRequest, clock: ManualClock) -> Backend:
    return replace(sqlite(request, clock), keys=("a key that nobody guesses, ever",))


def redis(request: pytest.FixtureRequest, clock: ManualClock) -> Backend:
    server: RedisServer = request.getfixturevalue("redis_alone")
    server.command("FLUSHALL")
    return Backend(server.url + PATIENT, clock)


def redis_cluster(request: pytest.FixtureRequest, clock: ManualClock) -> Backend:
    cluster: Cluster = request.getfixturevalue("redis_three")
    for node in cluster.nodes:
        node.command("FLUSHALL")
    return Backend(cluster.url + PATIENT, clock)


def redis_sentinel(request: pytest.FixtureRequest, clock: ManualClock) -> Backend:
    group: Group = request.getfixturevalue("redis_watched")
    group.primary.command("FLUSHALL")
    return Backend(group.url + PATIENT, clock)


BACKENDS: dict[str, Callable[[pytest.FixtureRequest, ManualClock], Backend]] = {
    "sqlite": sqlite,
    "sqlite-sealed": sqlite_sealed,
    "redis": redis,
    "redis-cluster": redis_cluster,
    "redis-sentinel": redis_sentinel,
}


@pytest.fixture(scope="session")
def redis_alone() -> Iterator[RedisServer]:
    with RedisServer(password="a/b c") as server:
        yield server


@pytest.fixture(scope="session")
def redis_watched() -> Iterator[Group]:
    with redis_group(durable=False) as group:
        yield group


@pytest.fixture(scope="session")
def redis_three() -> Iterator[Cluster]:
    with redis_nodes(durable=False) as cluster:
        yield cluster


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, clock: ManualClock) -> Backend:
    return BACKENDS[request.param](request, clock)


@pytest.fixture
async def store(backend: Backend) -> AsyncIterator[Store]:
    async with backend.open() as store:
        yield store


@pytest.fixture
async def elsewhere(backend: Backend, store: Store) -> AsyncIterator[Store]:  # noqa: ARG001  # opened after `store`
    """The same data through another client, as another process sees it."""
    async with backend.open() as client:
        yield client

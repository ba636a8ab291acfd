"""Processes that are replaced one by one, as Kubernetes replaces those of a Deployment: a new one is ready before an old one is
told to end, and how long that one takes is its own matter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx2
import yaml

from tests.support.balancer import Balancer
from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.servers import free_port
from tests.support.tree import ROOT

PATIENCE = 30_000
"""Attempts of `until`: a minute."""
PROBED = 3.0
"""Seconds that a probe may take (`timeoutSeconds` in the manifest)."""
LAST = 60.0
"""Seconds that a process may take to end, from when nothing comes any more."""


@dataclass(frozen=True, slots=True)
class Probe:
    """How a balancer finds out who is ready: every *period* seconds it asks; who fails *failures* times in a row is sent
    nobody. leave: seconds for which a server that was told to end answers on (`web.leave`)."""

    period: float
    failures: int
    leave: float


def of_the_manifest() -> Probe:
    """As deploy/kubernetes.yaml has it."""
    items = yaml.safe_load((ROOT / "deploy/kubernetes.yaml").read_text())["items"]
    found = {item["metadata"]["name"]: item for item in items if item["kind"] in {"Deployment", "ConfigMap"}}
    asked = found["parlour-web"]["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    settings = yaml.safe_load(found["parlour"]["data"]["config.yaml"])
    leave = float(settings["web"]["leave"].removesuffix("s"))
    return Probe(float(asked["periodSeconds"]), int(asked["failureThreshold"]), leave)


@dataclass
class Replica:
    """One process. ended: what it takes to be gone."""

    started: asyncio.subprocess.Process
    running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def end(self) -> int:
        """Told to, it ends by itself: the exit code."""
        self.started.terminate()
        async with asyncio.timeout(LAST):
            code = await self.started.wait()
        await self.running.aclose()
        return code


class Deployment:
    """Two of the kind that *start* starts: it returns when the new one is ready."""

    def __init__(self, start: Callable[[], Awaitable[Replica]]) -> None:
        self._start = start
        self._replicas: list[Replica] = []
        self._ending: list[asyncio.Task[int]] = []

    async def __aenter__(self) -> Self:
        self._replicas += await asyncio.gather(self._start(), self._start())
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.gather(*self._ending, return_exceptions=True)
        for replica in self._replicas:
            await replica.running.aclose()

    async def roll(self) -> None:
        """Each is replaced. Returns when the old ones have ended, of themselves and well."""
        for old in list(self._replicas):
            self._replicas.append(await self._start())
            self._replicas.remove(old)
            self._ending.append(asyncio.create_task(old.end(), name="rolling"))
        codes = await asyncio.gather(*self._ending)
        self._ending.clear()
        assert set(codes) == {0}


class Fleet:
    """Where *text* is what their configurations have in common; their files and logs lie in *folder*."""

    def __init__(self, folder: Path, text: str) -> None:
        self._folder = folder
        self._text = text

    async def launch(self, web: str, *platforms: str) -> Replica:
        """*web*: the section of that name."""
        config = self._folder / f"{'-'.join(platforms)}-{free_port()}.yaml"
        config.write_text(f"{self._text}\nweb: {{{web}}}\n")
        running = AsyncExitStack()
        return Replica(await running.enter_async_context(process(config, *platforms)), running)

    @property
    def said(self) -> str:
        """Everything that all of them logged."""
        return "".join(log.read_text() for log in sorted(self._folder.glob("*.log")))


@asynccontextmanager
async def behind(balancing: Balancer, fleet: Fleet, probe: Probe) -> AsyncIterator[Callable[[], Awaitable[Replica]]]:
    """Starts servers of the page, each of which *balancing* knows while its probe succeeds."""
    async with httpx2.AsyncClient(trust_env=False, timeout=PROBED) as asking, AsyncExitStack() as opened:

        async def start() -> Replica:
            port = free_port()
            replica = await fleet.launch(f"port: {port}, leave: {probe.leave}", "web")
            watching = asyncio.create_task(_watch(asking, balancing, port, probe), name=f"probing {port}")
            opened.push_async_callback(_ended, watching)
            await until(lambda: port in balancing.ports, PATIENCE)
            return replica

        yield start


async def _watch(asking: httpx2.AsyncClient, balancing: Balancer, port: int, probe: Probe) -> None:
    failed = 0
    while True:
        is_ready = await _is_ready(asking, port)
        failed = 0 if is_ready else failed + 1
        if is_ready and port not in balancing.ports:
            balancing.ports.append(port)
        elif failed == probe.failures and port in balancing.ports:
            balancing.ports.remove(port)
        await asyncio.sleep(probe.period)


async def _is_ready(asking: httpx2.AsyncClient, port: int) -> bool:
    try:
        return (await asking.get(f"http://127.0.0.1:{port}/readyz")).is_success
    except httpx2.TransportError:
        return False


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

"""A process without the page, as a load balancer and a Prometheus see it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bots import wiring
from core.config import parse_config
from tests.support.bot_process import process
from tests.support.servers import free_port
from tests.support.web import listening


@dataclass(frozen=True)
class Watched:
    """house: of the process. told: what its operator was told."""

    house: wiring.House
    http: httpx2.AsyncClient
    told: list[str]

    async def status(self, path: str, **headers: str) -> int:
        return (await self.http.get(path, headers=headers)).status_code


@asynccontextmanager
async def watched(folder: Path, more: str = "", port: int | None = None) -> AsyncIterator[Watched]:
    port = port or free_port()
    told: list[str] = []
    text = f"store: sqlite:///{folder}/parlour.db\ntelemetry: {{port: {port}}}\n{more}"
    config = parse_config(text, {})
    async with (
        wiring.house(config) as house,
        wiring.probes(config, house, told.append),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        yield Watched(house, http, told)


async def test_a_worker_says_that_it_lives_and_is_ready_until_it_drains(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        assert [await here.status(path) for path in ("/healthz", "/readyz")] == [200, 200]
        here.house.vitals.drain()
        assert [await here.status(path) for path in ("/healthz", "/readyz")] == [200, 503]


async def test_a_worker_tells_what_it_counts(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        here.house.watch.penalised("telegram", 3.0)
        page = (await here.http.get("/metrics")).text
        assert 'parlour_platform_penalties_total{platform="telegram"} 1.0' in page
        assert "_created" not in page


async def test_nothing_else_is_there(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        assert [await here.status(path) for path in ("/", "/v1/models", "/login")] == [404, 404, 404]


async def test_what_is_counted_is_for_those_that_the_page_tells_it(tmp_path: Path) -> None:
    async with watched(tmp_path, "web: {metrics: [10.0.0.0/8]}\n") as here:
        assert [await here.status(path) for path in ("/healthz", "/metrics")] == [200, 404]


async def test_a_proxy_that_nobody_told_us_of_is_told_nothing(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        assert await here.status("/metrics", **{"X-Forwarded-For": "203.0.113.9"}) == 404


async def test_a_port_that_is_taken_keeps_nobody_from_being_answered(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        taken = here.http.base_url.port
        async with watched(tmp_path, port=taken) as other:
            assert other.told == [f"telemetry is off: cannot listen on 127.0.0.1:{taken}: Address already in use"]


async def test_a_process_with_nothing_to_serve_answers_until_it_is_told_to_end(tmp_path: Path) -> None:
    port, config = free_port(), tmp_path / "config.yaml"
    config.write_text(f"store: sqlite:///{tmp_path}/parlour.db\ntelemetry: {{port: {port}}}\n")
    async with process(config, "discord") as running, httpx2.AsyncClient() as http:
        await listening(port)
        assert (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await running.wait() == 0

"""Programs that ask more at once than a provider takes, and what names their requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from core.clock import SystemClock
from core.domain_limits import Ruling
from core.stores.opening import open_store
from tests.support.api import Api, program, serve_api
from tests.support.clock import until
from tests.support.completions import Wire, answer, completion


class Gate:
    """A play that answers when it is opened."""

    def __init__(self) -> None:
        self._opened = asyncio.Event()
        self.reached = 0

    async def __call__(self, wire: Wire) -> None:
        self.reached += 1
        await self._opened.wait()
        usual = answer if wire.request.body.get("stream") else completion
        await usual("Hello there.")(wire)

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serve_api(tmp_path, at_once=1) as served:
        yield served


async def asking(api: Api, **more: Any) -> asyncio.Task[Response]:
    return asyncio.create_task(api.post(**more))


async def waiting(api: Api, number: int) -> None:
    """Returns when so many wait for a place."""
    line = f'parlour_provider_calls{{provider="vendor",state="waiting"}} {number}.0'
    for _ in range(1000):
        if line in (await api.http.get(api.url.replace("/v1", "/metrics"))).text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the line never was that long")


@pytest.mark.parametrize("more", [{}, {"stream": True}, {"conversation": "work"}], ids=str)
async def test_who_asks_more_at_once_than_the_provider_takes_waits_and_is_answered(
    api: Api, more: dict[str, object]
) -> None:
    gate = Gate()
    api.model.plan(gate)
    first = await asking(api)
    await until(lambda: gate.reached == 1)
    second = await asking(api, **more)
    await waiting(api, 1)
    assert len(api.model.requests) == 1
    gate.open()
    assert [(await task).status_code for task in (first, second)] == [200, 200]


async def test_a_client_that_hangs_up_waits_no_more(api: Api) -> None:
    gate = Gate()
    api.model.plan(gate)
    first = await asking(api)
    await until(lambda: gate.reached == 1)
    second = await asking(api)
    await waiting(api, 1)
    second.cancel()
    await waiting(api, 0)
    third = await asking(api)
    gate.open()
    assert [(await task).status_code for task in (first, third)] == [200, 200]
    assert len(api.model.requests) == 2


async def test_who_is_blocked_while_waiting_is_not_answered(tmp_path: Path) -> None:
    shop = {"Authorization": "Bearer key-of-shop"}
    async with serve_api(tmp_path, at_once=1, clients=(program("shop"), program("school"))) as api:
        gate = Gate()
        api.model.plan(gate)
        first = await asking(api, headers={"Authorization": "Bearer key-of-school"})
        await until(lambda: gate.reached == 1)
        second = await asking(api, headers=shop)
        await waiting(api, 1)
        async with open_store(f"sqlite:///{tmp_path}/parlour.db", SystemClock()) as store:
            await store.rule("api:shop", Ruling.BLOCKED)
        while (await api.http.get("/models", headers=shop)).status_code != 403:
            assert not second.done()
        gate.open()
        assert [(await task).status_code for task in (first, second)] == [200, 403]
        assert len(api.model.requests) == 1


async def test_every_answer_names_its_request(api: Api) -> None:
    get, refused = api.http.get, {"host": "elsewhere.example"}
    answers = [await api.post(), await api.post(stream=True), await api.post(messages=[]), await get("/nothing")]
    answers += [await get("/models"), await get("/models", headers=refused)]
    assert [answered.status_code for answered in answers] == [200, 200, 400, 404, 200, 421]
    names = {answered.headers["X-Request-Id"] for answered in answers}
    assert len(names) == len(answers)

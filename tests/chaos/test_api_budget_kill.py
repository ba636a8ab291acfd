"""A server of the API that is killed in the middle of an answer: what it had set aside for it is soon there for others."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from core.domain_limits import Grant, Whose
from core.limits.allowances import Allowance, Payer, SpendingPolicy, purses_of
from core.limits.holding import HELD
from core.limits.pseudonyms import SECRET, Pseudonyms
from core.stores.opening import open_store
from tests.support.api import calling
from tests.support.bot_process import process
from tests.support.clock import ManualClock, until
from tests.support.completions import CompletionsServer, stall, words
from tests.support.servers import free_port, redis_server
from tests.support.web import listening, on_server

BUDGET = "limits: {budget: {user: {day: 1}}}"


async def killed_in_an_answer(folder: Path, store: str) -> None:
    async with CompletionsServer() as model:
        model.plan(stall(*words("Once upon a time")))
        port = free_port()
        config = folder / "config.yaml"
        text = on_server(folder, port, model, BUDGET)
        config.write_text(text.replace(f"sqlite:///{folder}/parlour.db", store))
        async with process(config, "web") as running:
            await listening(port, 30_000)
            async with calling(f"http://127.0.0.1:{port}", model) as api:
                asking = asyncio.create_task(api.post(stream=True))
                await until(lambda: len(model.requests) == 1)
                running.kill()
                await running.wait()
                await asyncio.gather(asking, return_exceptions=True)


async def granted(store: str, later: float) -> Grant:
    """What another process gets then for a call that takes the whole budget."""
    async with open_store(store, ManualClock(time.time() + later)) as opened:
        purses = Pseudonyms(opened, await opened.secret(SECRET, ""))
        policy = SpendingPolicy({Whose.USER: Allowance(day=10**9)})
        (purse,) = purses_of(policy, Payer("api:owner"), time.time())
        return await purses.reserve("another", [replace(purse, fixed=purse.limit)], 1, 1)


async def check(folder: Path, store: str) -> None:
    await killed_in_an_answer(folder, store)
    assert await granted(store, 0.0) == Grant(short=0, open=True)
    assert await granted(store, HELD + 1.0) == Grant(1)


async def test_what_a_killed_call_had_set_aside_is_soon_there_on_sqlite(tmp_path: Path) -> None:
    await check(tmp_path, f"sqlite:///{tmp_path}/parlour.db")


async def test_what_a_killed_call_had_set_aside_is_soon_there_on_redis(tmp_path: Path) -> None:
    async with redis_server() as url:
        await check(tmp_path, url)

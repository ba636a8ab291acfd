"""Two servers of the API on one Redis behind a load balancer, one of them restarted again and again: a program that repeats
what it got no answer to, under the same key, gets every answer, and no question is asked twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest

from core.clock import SystemClock
from core.domain import ConversationId
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from tests.support.servers import redis_server
from tests.support.web_fleet import Unrest, restless_pair

PROGRAMS = 6
WORDS = " ".join(f"w{number}" for number in range(30))


def question(program: int, number: int) -> str:
    return f"{program}.{number} {WORDS}"


async def ask(http: httpx2.AsyncClient, program: int, number: int) -> str:
    """Asks until there is an answer; each connection may end at another server, and break at any moment."""
    body = {"model": "echo", "messages": [{"role": "user", "content": question(program, number)}]}
    headers = {"X-Conversation": f"room-{program}", "Idempotency-Key": f"{program}.{number}"}
    while True:
        try:
            answered = await http.post("/v1/chat/completions", json=body, headers=headers)
        except httpx2.HTTPError:
            continue
        if answered.status_code == 200:
            return str(answered.json()["choices"][0]["message"]["content"])
        assert answered.status_code in {500, 503}, answered.text


async def converse(url: str, program: int, unrest: Unrest, least: tuple[int, int]) -> int:
    """How many answers there were: at least so many, over at least so many restarts."""
    answers, restarts = least
    number = 0
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(base_url=url, timeout=60, limits=limits, trust_env=False) as http:
        while number < answers or unrest.restarts < restarts:
            assert await ask(http, program, number) == f"You said: {question(program, number)}"
            number += 1
    return number


async def kept(store: str, program: int) -> list[str]:
    async with open_store(store, SystemClock(), StoreOptions()) as opened:
        messages = await opened.messages(ConversationId(f"api:owner/room-{program}"))
        return [message.text for message in messages]


@pytest.mark.parametrize(("answers", "restarts"), [(3, 2), pytest.param(30, 8, marks=pytest.mark.soak)])
async def test_repeated_requests_are_answered_once_while_servers_come_and_go(
    answers: int, restarts: int, tmp_path: Path
) -> None:
    async with redis_server() as store:
        async with restless_pair(tmp_path, store) as (url, unrest):
            least = (answers, restarts)
            counts = await asyncio.gather(*(converse(url, program, unrest, least) for program in range(PROGRAMS)))
        for program, count in enumerate(counts):
            asked = [question(program, number) for number in range(count)]
            assert await kept(store, program) == [text for each in asked for text in (each, f"You said: {each}")]

"""Two servers of the page on one Redis behind a load balancer without stickiness, one of them restarted again and again:
every answer is whole, and nobody sees another's. The short form runs in `make test`, the long one in `make soak`."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.clock import until
from tests.support.page import ROOM, Page, fresh, page
from tests.support.servers import RedisServer, redis_server
from tests.support.web_fleet import Server, Unrest, restless_pair

VISITORS = 10
WORDS = " ".join(f"w{number}" for number in range(30))


@pytest.mark.parametrize(("answers", "restarts"), [(4, 2), pytest.param(30, 8, marks=pytest.mark.soak)])
async def test_every_answer_is_whole_and_nobody_elses_while_servers_come_and_go(
    answers: int, restarts: int, tmp_path: Path
) -> None:
    """*answers*: for each visitor, at least; *restarts* altogether, at least."""
    async with redis_server() as store, restless_pair(tmp_path, store) as (url, unrest), AsyncExitStack() as opened:
        pages = [await opened.enter_async_context(page(url, sticky=False)) for _ in range(VISITORS)]
        least = (answers, restarts)
        await asyncio.gather(*(converse(each, number, unrest, least) for number, each in enumerate(pages)))
        await unrest.end()
        for number, each in enumerate(pages):
            await alone(each, number)
        told = sum(len(each.answers) for each in pages)
    print(f"\n{told} answers over {unrest.restarts} restarts: all whole, each to who asked")  # noqa: T201  # the figure


async def converse(visitor: Page, number: int, unrest: Unrest, least: tuple[int, int]) -> None:
    answers, restarts = least
    while len(visitor.answers) < answers or unrest.restarts < restarts:
        question = f"{number}.{len(visitor.answers)} {WORDS}"
        assert await visitor.answer(question) == f"You said: {question}"


async def alone(visitor: Page, number: int) -> None:
    """The conversation holds each question and its answer once, and nothing was heard of anybody else's."""
    asked = [f"{number}.{index} {WORDS}" for index in range(len(visitor.answers))]
    assert await visitor.texts() == [text for question in asked for text in (question, f"You said: {question}")]
    questions = [event["question"]["text"] for event in visitor.heard if event["kind"] == "asked"]
    assert set(questions) <= set(asked)


async def test_redis_going_away_in_the_middle_of_answers_costs_none(tmp_path: Path) -> None:
    with RedisServer(durable=True) as redis:
        async with AsyncExitStack() as opened:
            server = Server(tmp_path, redis.url)
            await server.start()
            opened.push_async_callback(server.stop, kindly=False)
            url = f"http://127.0.0.1:{server.port}"
            pages = [await opened.enter_async_context(page(url)) for _ in range(VISITORS)]
            turns = [await each.ask(f"{number} {WORDS}") for number, each in enumerate(pages)]
            await until(lambda: all(each.words for each in pages))
            await asyncio.to_thread(redis.kill)
            refused = await pages[0].call("POST", f"/conversations/{ROOM}/messages", id=fresh(), text="Anybody there?")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "store_away")
            await asyncio.to_thread(redis.start)
            answers = await asyncio.gather(*map(Page.answered, pages, turns))
            assert answers == [f"You said: {number} {WORDS}" for number in range(VISITORS)]
            kept = [await each.texts() for each in pages]
            assert kept == [[f"{number} {WORDS}", answer] for number, answer in enumerate(answers)]

"""The web page's server as a process that is told to end: it takes no more work, and ends what it is at."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx2

from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.page import page
from tests.support.servers import free_port
from tests.support.sockets import dial
from tests.support.web import listening, settings

WORDS = "one two three four five six seven eight nine ten"
SLOW = 0.1
"""Seconds for a word of the model."""


async def test_pages_see_the_end_of_their_answers_and_programs_theirs(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.yaml"
    config.write_text(settings(tmp_path, port, delay=SLOW))
    async with process(config, "web") as server:
        await listening(port)
        async with (
            page(f"http://127.0.0.1:{port}") as ada,
            httpx2.AsyncClient(base_url=str(ada.client.base_url)) as program,
        ):
            turn = await ada.ask(WORDS)
            asked = asyncio.create_task(program.post("/v1/chat/completions", json=question(), timeout=30))
            await until(lambda: turn in ada.words)
            server.terminate()
            while (await program.get("/readyz")).status_code != 503:
                assert server.returncode is None
            assert await ada.answered(turn) == f"You said: {WORDS}"
            assert (await asked).json()["choices"][0]["message"]["content"] == f"You said: {WORDS}"
            assert await server.wait() == 0


async def test_a_platform_that_ends_sooner_cuts_no_program_off(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.yaml"
    elsewhere = f"telegram: {{token: '1:a', api_url: 'http://127.0.0.1:{free_port()}'}}"
    config.write_text(f"{settings(tmp_path, port, delay=SLOW)}\n{elsewhere}\n")
    async with (
        process(config, "web", "telegram") as server,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as program,
    ):
        await listening(port)
        request = program.build_request("POST", "/v1/chat/completions", json=question() | {"stream": True})
        answer = await program.send(request, stream=True)
        server.terminate()
        assert "[DONE]" in (await answer.aread()).decode()
        assert await server.wait() == 0


def question() -> dict[str, object]:
    return {"model": "echo", "messages": [{"role": "user", "content": WORDS}]}


async def test_a_program_whose_answer_takes_too_long_is_told_so(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.yaml"
    config.write_text(settings(tmp_path, port, delay=60.0).replace("lease: 2s", "lease: 2s, drain: 1s"))
    async with (
        process(config, "web") as server,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as program,
    ):
        await listening(port)
        request = program.build_request("POST", "/v1/chat/completions", json=question() | {"stream": True})
        begun = await program.send(request, stream=True)
        server.terminate()
        *_, told, done = (await begun.aread()).decode().split("\n\n")[:-1]
        assert json.loads(told.removeprefix("data: "))["error"]["code"] == "unavailable"
        assert done == "data: [DONE]"
        assert await server.wait() == 0
    assert "Traceback" not in config.with_suffix(".log").read_text()


async def test_behind_a_balancer_it_answers_until_nobody_is_sent_to_it_any_more(tmp_path: Path) -> None:
    """On connections that were there and on new ones; each of them is closed after that."""
    port = free_port()
    config = tmp_path / "config.yaml"
    config.write_text(settings(tmp_path, port).replace("web: {", "web: {leave: 3s, "))
    url = f"http://127.0.0.1:{port}"
    async with process(config, "web") as server:
        await listening(port)
        async with page(url) as ada, httpx2.AsyncClient(base_url=url, trust_env=False) as program:
            assert "connection" not in (await program.get("/readyz")).headers
            server.terminate()
            while (refused := await program.get("/readyz")).status_code == 200:
                assert server.returncode is None
            assert (refused.status_code, refused.headers["connection"]) == (503, "close")
            answered = await program.post("/v1/chat/completions", json=question(), timeout=30)
            assert answered.headers["connection"] == "close"
            assert answered.json()["choices"][0]["message"]["content"] == f"You said: {WORDS}"
            assert await ada.answer("Who is still there?") == "You said: Who is still there?"
            assert await server.wait() == 0


async def test_whose_answer_was_begun_before_hears_of_the_end_with_the_next_one(tmp_path: Path) -> None:
    """Its head could not say so any more, and a connection that is closed without a word may have a request on it already."""
    port = free_port()
    config = tmp_path / "config.yaml"
    config.write_text(settings(tmp_path, port, delay=SLOW).replace("web: {", "web: {leave: 10m, "))
    async with process(config, "web") as server, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as balancer:
        await listening(port)
        streamed = json.dumps(question() | {"stream": True}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        line = await dial(port, f"{head}Content-Length: {len(streamed)}\r\n\r\n".encode() + streamed)
        assert await line.status() == 200
        server.terminate()
        while (await balancer.get("/readyz")).status_code != 503:
            assert server.returncode is None
        assert b"close" not in await line.until(b"\r\n\r\n")
        assert b"data: [DONE]" in await line.until(b"\r\n0\r\n\r\n")
        line.send(b"HEAD /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"connection: close" in (await line.until(b"\r\n\r\n")).lower()
        assert await line.is_closed()
        await line.close()


async def test_a_silent_page_keeps_nobody_from_ending(tmp_path: Path) -> None:
    """However long answers may take to end: it has none."""
    port = free_port()
    config = tmp_path / "config.yaml"
    config.write_text(settings(tmp_path, port).replace("lease: 2s", "lease: 2s, drain: 10m"))
    async with process(config, "web") as server:
        await listening(port)
        async with page(f"http://127.0.0.1:{port}") as ada, page(f"http://127.0.0.1:{port}") as bob:
            await until(lambda: ada.connected == bob.connected == 1)
            server.terminate()
            assert await server.wait() == 0

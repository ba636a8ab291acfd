"""Every way in which a Chat Completions server fails, over real sockets: which of our errors it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.errors import (
    ModelError,
    ModelStalled,
    ModelUnreachable,
    WindowExceeded,
)
from core.ports import LanguageModel
from tests.support.clock import ManualClock, until
from tests.support.completions import (
    KEY,
    CompletionsServer,
    Play,
    Wire,
    refuse,
    stall,
    text,
    whole,
)
from tests.support.faults import BEGUN, FAULTS, HTML, INVALID
from tests.support.models import HELLO, ask, model_on


@pytest.fixture
async def server() -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer() as server:
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def model(server: CompletionsServer, clock: ManualClock) -> AsyncIterator[LanguageModel]:
    async with model_on(server, clock) as model:
        yield model


async def problem_of(model: LanguageModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await ask(model)
    return caught.value


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_is_one_error(fault: str, server: CompletionsServer, model: LanguageModel) -> None:
    play, expected = FAULTS[fault]
    server.plan(play)
    problem = await problem_of(model)
    assert type(problem) is expected
    assert len(server.requests) == 1  # whoever asks decides about asking again


async def test_after_any_fault_the_next_question_is_answered(server: CompletionsServer, model: LanguageModel) -> None:
    for play, _ in FAULTS.values():
        server.plan(play)
        await problem_of(model)
    text, _, _ = await ask(model)
    assert text == "Hello there."


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after": "60", "retry_after_ms": "1500"}, 1.5),
        ({"retry_after": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60.0),  # the test's clock stands at 08:00:00
        ({"retry_after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry_after": "-3"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "nan"}, None),
        ({}, None),
    ],
)
async def test_the_time_a_server_asks_for_is_passed_on(
    headers: dict[str, str], seconds: float | None, server: CompletionsServer, model: LanguageModel
) -> None:
    for status in (429, 503):
        server.plan(refuse(status, "Later", "requests", **headers))
        problem = await problem_of(model)
        assert problem.retry_after == seconds


WINDOWS = {
    "OpenAI": (400, {"error": {"message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.", "type": INVALID, "param": "messages", "code": "context_length_exceeded"}}, 8192),
    "vLLM": (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).", "type": "BadRequestError", "param": None, "code": 400}, 4096),
    "vLLM about max_tokens": (400, {"error": {"message": "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and your request has 1000 input tokens", "type": "BadRequestError", "code": 400}}, 4096),
    "llama.cpp": (400, {"error": {"code": 400, "message": "request (9031 tokens) exceeds the available context size (8192 tokens), try increasing it", "type": "exceed_context_size_error", "n_prompt_tokens": 9031, "n_ctx": 8192}}, 8192),
    "Ollama": (400, {"error": {"message": "input length exceeds the context length", "type": "api_error", "param": None, "code": None}}, None),
    "Anthropic": (400, {"error": {"type": INVALID, "message": "prompt is too long: 210000 tokens > 200000 maximum"}}, 200000),
    "Azure": (400, {"error": {"message": "This model's maximum context length is 16385 tokens, however you requested 17000 tokens", "code": "context_length_exceeded"}}, 16385),
    "Gemini": (400, [{"error": {"code": 400, "message": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", "status": "INVALID_ARGUMENT"}}], 1048576),
}  # fmt: skip


@pytest.mark.parametrize("maker", WINDOWS)
async def test_a_prompt_too_long_is_known_with_the_limit_the_server_names(
    maker: str, server: CompletionsServer, model: LanguageModel
) -> None:
    status, body, limit = WINDOWS[maker]
    server.plan(whole(body, status))
    problem = await problem_of(model)
    assert isinstance(problem, WindowExceeded)
    assert problem.limit == limit


async def test_a_wrong_key_never_reaches_the_log(server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(refuse(401, f"Incorrect API key provided: {KEY}.", INVALID, code="invalid_api_key"))
    problem = await problem_of(model)
    assert KEY not in problem.detail
    assert "Incorrect API key" in problem.detail


async def test_the_operator_reads_the_providers_words_in_one_line(
    server: CompletionsServer, model: LanguageModel
) -> None:
    server.plan(text(HTML, 502), refuse(429, "Slow\ndown", "requests", code="rate_limit_exceeded"))
    assert (await problem_of(model)).detail == "502: 502 Bad Gateway"
    assert (await problem_of(model)).detail == "429 rate_limit_exceeded: Slow down"


async def test_nobody_listening_is_unreachable(clock: ManualClock) -> None:
    async with CompletionsServer() as server:
        pass
    async with model_on(server, clock) as model:
        assert type(await problem_of(model)) is ModelUnreachable


@pytest.mark.parametrize("play", [stall(head=False), stall()], ids=["before the head", "after the head"])
async def test_silence_before_the_first_word_is_borne_two_minutes(
    play: Play, server: CompletionsServer, clock: ManualClock, model: LanguageModel
) -> None:
    server.plan(play)
    asking = asyncio.create_task(problem_of(model))
    await until(lambda: len(server.requests) == 1)
    await clock.advance(119)
    assert not asking.done()
    await clock.advance(1)
    assert type(await asking) is ModelStalled


async def test_silence_in_the_middle_is_borne_fifteen_seconds(
    server: CompletionsServer, clock: ManualClock, model: LanguageModel
) -> None:
    server.plan(stall(*BEGUN))
    shown = ""

    async def read() -> None:
        nonlocal shown
        async with model.stream(HELLO) as deltas:
            async for piece in deltas:
                shown += piece

    reading = asyncio.create_task(read())
    await until(lambda: shown == "Once upon a time")
    await clock.advance(14)
    assert not reading.done()
    await clock.advance(1)
    with pytest.raises(ModelStalled):
        await reading


async def test_a_server_that_only_keeps_the_connection_alive_stalls_too(
    server: CompletionsServer, clock: ManualClock, model: LanguageModel
) -> None:
    beat = asyncio.Event()

    async def keep_alive(wire: Wire) -> None:
        await wire.begin_stream()
        while True:
            await beat.wait()
            beat.clear()
            await wire.piece(b": still here\n\n")

    server.plan(keep_alive)
    asking = asyncio.create_task(problem_of(model))
    await until(lambda: len(server.requests) == 1)
    while not asking.done():
        beat.set()
        await until(lambda: asking.done() or not beat.is_set())
        await clock.advance(10)
    assert type(await asking) is ModelStalled


async def test_stop_while_the_server_is_silent_ends_the_request(
    server: CompletionsServer, model: LanguageModel
) -> None:
    gone = asyncio.Event()

    async def listen(wire: Wire) -> None:
        await wire.begin_stream()
        await wire.until_gone()
        gone.set()

    server.plan(listen)
    asking = asyncio.create_task(ask(model))
    await until(lambda: len(server.requests) == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(gone.is_set)

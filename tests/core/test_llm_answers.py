"""What counts as an answer: the many ways in which servers stream one, over real sockets."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator

import pytest

from core.domain import Finish, Prompt, PromptMessage, Usage
from core.ports import LanguageModel
from tests.support.clock import ManualClock
from tests.support.completions import (
    DONE,
    CompletionsServer,
    Play,
    answer,
    chunk,
    cut,
    drip,
    ending,
    event,
    stream,
    usage_chunk,
    whole,
    words,
)
from tests.support.models import HELLO, ask, model_on

TEXT = "Grüße, 世界 🙂!"


@pytest.fixture
async def server() -> AsyncIterator[CompletionsServer]:
    async with CompletionsServer() as server:
        yield server


@pytest.fixture
async def model(server: CompletionsServer) -> AsyncIterator[LanguageModel]:
    async with model_on(server, ManualClock()) as model:
        yield model


def compressed(*pieces: bytes) -> Play:
    return stream(gzip.compress(b"".join(pieces)), content_encoding="gzip")


def with_line_ends(end: bytes) -> Play:
    return drip(*(piece.replace(b"\n", end) for piece in (*words(TEXT), *ending())), size=3)


WHOLE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}]}
FILTER_REPORT = event({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]})

ANSWERS: dict[str, Play] = {
    "as OpenAI streams": answer(TEXT),
    "byte by byte": drip(*words(TEXT), *ending()),
    "all in one packet": stream(b"".join([*words(TEXT), *ending()])),
    "lines ended by CR LF": with_line_ends(b"\r\n"),
    "lines ended by CR": with_line_ends(b"\r"),
    "comments and fields we do not know": stream(b": ping\n\nid: 7\nretry: 3\nevent: message\n", *words(TEXT), *ending()),
    "data over several lines": stream(b'data: {"choices":\ndata: [{"delta": {"content": "' + TEXT.encode() + b'"}}]}\n\n', *ending()),
    "no empty line between chunks": stream(*(piece[:-1] for piece in (*words(TEXT), *ending()))),
    "no space after the colon": stream(*(piece.replace(b"data: ", b"data:") for piece in (*words(TEXT), *ending()))),
    "a byte order mark": stream(b"\xef\xbb\xbf", *words(TEXT), *ending()),
    "compressed": compressed(*words(TEXT), *ending()),
    "without [DONE]": stream(*words(TEXT), chunk({}, "stop")),
    "without a reason, with [DONE]": stream(*words(TEXT), DONE),
    "cut after its end": cut(*words(TEXT), chunk({}, "stop")),
    "the reason in the last word's chunk": stream(chunk({"content": TEXT}, "stop"), DONE),
    "without a line end at the end": stream(chunk({"content": TEXT}), chunk({}, "stop")[:-2]),
    "null content and no delta": stream(chunk({"content": None}), event({"choices": [{"index": 0}]}), *words(TEXT), *ending()),
    "a filter's report first": stream(FILTER_REPORT, *words(TEXT), *ending()),
    "content in parts": stream(chunk({"content": [{"type": "text", "text": TEXT}]}), *ending()),
    "message instead of delta": stream(event({"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]})),
    "plain JSON": whole(WHOLE),
    "plain JSON called a stream": stream(b" \n" + json.dumps(WHOLE).encode()),
    "declined by the model itself": stream(chunk({"content": None, "refusal": TEXT}), *ending()),
    "tool calls beside the text": stream(chunk({"tool_calls": [{"index": 0}]}), *words(TEXT), *ending("tool_calls")),
    "reasoning in a field (DeepSeek)": stream(chunk({"reasoning_content": "Hmm."}), *words(TEXT), *ending()),
    "reasoning in a field (OpenRouter)": stream(chunk({"reasoning": "Hmm.", "content": ""}), *words(TEXT), *ending()),
    "reasoning in tags": stream(*words("<think> A greeting. </think>\n\n" + TEXT), *ending()),
    "reasoning in tags, in pieces": stream(*(chunk({"content": sign}) for sign in f"\n<think>Hm</think>\n{TEXT}"), *ending()),
}  # fmt: skip


@pytest.mark.parametrize("way", ANSWERS)
async def test_the_same_answer_however_it_is_sent(way: str, server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(ANSWERS[way])
    text, finish, _ = await ask(model)
    assert text == TEXT
    assert finish is Finish.STOP


@pytest.mark.parametrize("text", ["<thin", "<b>bold</b>", " <thought>", "Use <think> tags.", "a</think>b", "<"])
async def test_what_only_looks_like_reasoning_stays(text: str, server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(stream(*(chunk({"content": sign}) for sign in text), *ending()))
    assert (await ask(model))[0] == text


async def test_words_come_as_they_are_sent(server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(answer("one two three"))
    async with model.stream(HELLO) as deltas:
        text = [piece async for piece in deltas]
    assert "".join(text) == "one two three"


async def test_half_a_character_is_replaced_and_not_passed_on(server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(stream(b'data: {"choices": [{"delta": {"content": "so \\ud83d lo"}}]}\n\n', *ending()))
    assert (await ask(model))[0] == "so \ufffd lo"


async def test_an_answer_that_hit_the_limit_says_so(server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(answer("And then", "length"))
    _, finish, _ = await ask(model)
    assert finish is Finish.LENGTH


async def test_usage_and_cost_are_recorded(model: LanguageModel) -> None:
    _, _, usage = await ask(model)
    # gpt-5-mini: 0.25 $ per million tokens read, 0.025 $ from the cache, 2 $ written
    assert usage == Usage(prompt=40, cached=30, completion=10, reasoning=4, cost=10 * 250 + 30 * 25 + 10 * 2000)


USAGES = {
    "on every chunk": stream(
        *(chunk({"content": "Hi"}, usage={"prompt_tokens": 40, "completion_tokens": count}) for count in (1, 2)),
        *ending(usage=None),
    ),
    "in plain JSON": whole({**WHOLE, "usage": {"prompt_tokens": 40, "completion_tokens": 2}}),
    "hidden (Groq)": stream(
        *words("Hi"),
        chunk({}, "stop"),
        event({"x_groq": {"usage": {"prompt_tokens": 40, "completion_tokens": 2}}}),
        DONE,
    ),
    "null before it comes": stream(
        chunk({"content": "Hi"}, usage=None),
        chunk({}, "stop"),
        usage_chunk({"prompt_tokens": 40, "completion_tokens": 2}),
    ),
}


@pytest.mark.parametrize("place", USAGES)
async def test_usage_is_found_wherever_it_stands(place: str, server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(USAGES[place])
    _, _, usage = await ask(model)
    assert (usage.prompt, usage.completion) == (40, 2)


async def test_cached_tokens_of_deepseek(server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(answer("Hi", usage={"prompt_tokens": 40, "completion_tokens": 1, "prompt_cache_hit_tokens": 32}))
    assert (await ask(model))[2].cached == 32


async def test_reasoning_counted_beside_the_answer_is_part_of_what_was_written(
    server: CompletionsServer, model: LanguageModel
) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 100}}
    server.plan(answer("Hi", usage={"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 142, **details}))
    usage = (await ask(model))[2]
    assert (usage.completion, usage.reasoning) == (102, 100)


@pytest.mark.parametrize(
    "nonsense", [{"prompt_tokens": "many"}, {"prompt_tokens": -5}, {"prompt_tokens": None}, {"x": []}]
)
async def test_nonsense_for_usage_spoils_no_answer(
    nonsense: dict[str, object], server: CompletionsServer, model: LanguageModel
) -> None:
    server.plan(answer("Hi", usage=nonsense))
    text, _, usage = await ask(model)
    assert (text, usage.prompt) == ("Hi", 0)


async def test_usage_is_estimated_where_none_is_reported(server: CompletionsServer, model: LanguageModel) -> None:
    server.plan(answer("one two three four", usage=None))
    _, _, usage = await ask(model, Prompt(HELLO.messages, tokens=17))
    assert (usage.prompt, usage.completion) == (17, 4)
    assert usage.cost


async def test_the_connection_is_used_again(server: CompletionsServer, model: LanguageModel) -> None:
    for _ in range(5):
        await ask(model)
    assert server.connections == 1


async def test_half_characters_in_a_prompt_do_not_stop_it(server: CompletionsServer, model: LanguageModel) -> None:
    await ask(model, Prompt((PromptMessage("user", "bad \ud83d half"),)))
    assert server.bodies[-1]["messages"] == [{"role": "user", "content": "bad \ufffd half"}]

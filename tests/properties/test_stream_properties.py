"""However a stream is cut into packets, the answer is the same; whatever a server sends, there is an answer or an error."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise
from typing import NoReturn

from hypothesis import given
from hypothesis import strategies as st

from core.domain import Finish
from core.errors import ModelError, ModelUnreachable
from core.llm.problems import read_problem
from core.llm.thoughts import ThoughtFilter
from core.llm.transcript import Transcript
from tests.support.completions import DONE, chunk

LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
"""Any JSON, and then such that looks like a chunk of an answer until one looks closer."""
ODD_CHUNKS = st.fixed_dictionaries(
    {},
    optional={
        "choices": JSON
        | st.lists(st.fixed_dictionaries({}, optional={"delta": JSON, "finish_reason": JSON}), max_size=2),
        "usage": JSON | st.fixed_dictionaries({"prompt_tokens": JSON, "prompt_tokens_details": JSON}),
        "error": JSON,
        "x_groq": JSON,
    },
)


def fail(body: object) -> NoReturn:
    raise ModelUnreachable(str(body))


def packets(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def answer_in(pieces: list[bytes]) -> tuple[str, Finish | None]:
    transcript = Transcript(fail)
    text = "".join(map(transcript.feed, pieces))
    return text + transcript.end(), transcript.finish


@given(
    st.lists(st.text().map(lambda text: text.replace("<", ""))), st.lists(st.integers(0, 10**6), max_size=30), LINE_ENDS
)
def test_cuts_and_line_ends_change_nothing(texts: list[str], cuts: list[int], end: bytes) -> None:
    data = b"".join([*(chunk({"content": text}) for text in texts), chunk({}, "stop"), DONE]).replace(b"\n", end)
    assert answer_in(packets(data, cuts)) == ("".join(texts), Finish.STOP)


@given(st.lists(st.binary(max_size=60)))
def test_any_bytes_give_an_answer_or_an_error(pieces: list[bytes]) -> None:
    with suppress(ModelError):
        assert answer_in(pieces)[1]


@given(st.lists(JSON | ODD_CHUNKS))
def test_any_json_gives_an_answer_or_an_error(values: list[object]) -> None:
    data = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
    with suppress(ModelError):
        assert answer_in([data])[1]


@given(
    st.integers(400, 599),
    JSON | st.text(),
    st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text()),
)
def test_any_error_body_is_read(status: int, body: object, headers: dict[str, str]) -> None:
    problem = read_problem(status, body, headers, now=0.0)
    assert problem.status == status
    assert "\n" not in problem.detail
    assert problem.retry_after is None or problem.retry_after >= 0


@given(st.text(), st.text(), st.lists(st.integers(0, 10**6), max_size=10))
def test_thoughts_are_taken_off_wherever_the_pieces_end(thought: str, said: str, cuts: list[int]) -> None:
    thought = thought.replace("<", "")
    text = f" <think>{thought}</think>\n{said}"
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    thoughts = ThoughtFilter()
    shown = "".join(thoughts.feed(text[start:end]) for start, end in pairwise(edges))
    assert shown + thoughts.end() == said.lstrip()

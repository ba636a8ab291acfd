"""Token counts: exact in OpenAI's vocabularies, safe on any text, and a factor for other models that does not wobble."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.domain import Tokens
from core.llm.tokens import STEP, UNKNOWN_FACTOR, OpenAITokens, corrected, whole

COUNTER = OpenAITokens()


@pytest.mark.parametrize(
    ("text", "o200k", "cl100k"),
    [
        ("antidisestablishmentarianism", 6, 6),
        ("2 + 2 = 4", 7, 7),
        ("お誕生日おめでとう", 8, 9),
        ("tiktoken is great!", 6, 6),
        ("", 0, 0),
    ],
)
def test_known_counts(text: str, o200k: int, cl100k: int) -> None:
    """Source: OpenAI cookbook, "How to count tokens with tiktoken"."""
    assert COUNTER.count(text) == Tokens(o200k, cl100k)


def test_what_looks_like_a_special_token_is_ordinary_text() -> None:
    assert COUNTER.count("<|endoftext|>").o200k > 1
    assert COUNTER.count("<|im_start|>system").cl100k > 3


@pytest.mark.parametrize(
    "text",
    ["a" * 10**6, " " * 10**6, "\n" * 10**6, "!" * 10**6, "1" * 10**6, "世" * 300_000, "🙂" * 250_000, "\0" * 10**6],
    ids=["letter", "space", "line end", "mark", "digit", "Chinese", "emoji", "NUL"],
)
def test_a_million_characters_of_the_same_are_counted(text: str) -> None:
    """These hang tokenizers whose merging is quadratic."""
    assert 0 < COUNTER.count(text).o200k <= len(text.encode())


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_any_text_has_a_count_also_half_characters(text: str) -> None:
    tokens = COUNTER.count(text)
    limit = len(whole(text).encode())
    assert (0 if not text else 1) <= tokens.o200k <= limit
    assert tokens.cl100k <= limit


@given(st.text(max_size=100), st.text(max_size=100))
@example("TRUE", "TRUE")
def test_a_text_is_never_more_tokens_than_its_parts_by_much(left: str, right: str) -> None:
    """Stored counts are added up: a sum must not fall short of the whole by more than the seam, which is a word that both
    have a part of, and the blanks around it."""
    seam = re.split(r"\s", left)[-1] + re.split(r"\s", right)[0]
    parts = COUNTER.count(left).o200k + COUNTER.count(right).o200k
    assert COUNTER.count(left + right).o200k <= parts + len(seam.encode()) + 2


def test_counting_works_whichever_way_the_package_is_imported_later() -> None:
    program = (
        "from core.llm.tokens import OpenAITokens\n"
        "count = OpenAITokens().count('hello world').o200k\n"
        "import bpe_openai\n"
        "assert len(bpe_openai.get_encoding('o200k_base').encode('hello world')) == count == 2\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_factor_rises_as_soon_as_it_is_too_small() -> None:
    assert corrected(1.25, reported=1400, counted=1000) == 1.5


def test_a_factor_falls_only_when_it_is_far_too_large() -> None:
    assert corrected(1.25, reported=1050, counted=1000) == 1.25
    assert corrected(1.25, reported=990, counted=1000) == 1.0


def test_a_short_prompt_and_a_report_without_the_cached_part_teach_nothing() -> None:
    assert corrected(1.25, reported=190, counted=100) == 1.25
    assert corrected(1.25, reported=20, counted=1000) == 1.25


@given(st.floats(0.6, 3.5), st.lists(st.floats(-0.01, 0.01), min_size=20, max_size=20), st.integers(1000, 50_000))
def test_a_factor_comes_to_rest_although_the_ratio_wavers(ratio: float, waver: list[float], counted: int) -> None:
    """The factor moves the prompt's cut, and that what is cached: it must not follow every report."""
    factor, moves = UNKNOWN_FACTOR, 0
    for difference in waver:
        before, factor = factor, corrected(factor, round(counted * (ratio + difference)), counted)
        moves += factor != before
    assert moves <= 2
    assert factor % STEP == 0
    assert factor >= ratio + waver[-1] - 0.03

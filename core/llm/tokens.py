"""Counting tokens: exactly in OpenAI's vocabularies, and a factor for everybody else's."""

from __future__ import annotations

import math
import sys
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Protocol

from core.domain import Encoding, Tokens

_VOCABULARIES = {Encoding.O200K: "o200k_base", Encoding.CL100K: "cl100k_base"}

STEP = 1 / 8
"""Factors are multiples of this. A factor moves the prompt's cut, and with it what a provider has cached."""
UNKNOWN_FACTOR = 1.25
"""Tokens per o200k token before a server has reported any: vocabularies of 32k to 128k words, as open models have them,
need up to about a quarter more for English text."""
FEWEST_TOKENS = 200
"""Shorter prompts teach nothing: the frames of a chat template weigh more than the text."""
SLACK = 0.02
"""Shortfall of a factor that the margin of estimated counts still covers (`core.conversations.context`: 3 %)."""
BELIEVABLE = (0.5, 4.0)
"""Ratios outside are no vocabulary: some servers report only the tokens that were not in their cache."""


class _Vocabulary(Protocol):
    def count(self, text: str) -> int: ...


class OpenAITokens:
    """`TokenCounter`. Text that looks like a special token (``<|endoftext|>``) is counted as the ordinary text it is."""

    def count(self, text: str) -> Tokens:
        if not text:
            return Tokens()
        try:
            return _counted(text)
        except UnicodeEncodeError:
            return _counted(whole(text))


def whole(text: str) -> str:
    """*text* with every half of a surrogate pair that stands alone replaced by U+FFFD, so that it can be encoded."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def corrected(factor: float, reported: int, counted: int) -> float:
    """The factor after a server *reported* so many prompt tokens for a prompt of *counted* tokens in our vocabulary.

    It is the measured ratio rounded up to a whole step. It rises as soon as it is too small and falls only when it is
    more than a step too large, so that it does not move from turn to turn."""
    if counted < FEWEST_TOKENS:
        return factor
    ratio = reported / counted
    if not BELIEVABLE[0] <= ratio <= BELIEVABLE[1]:
        return factor
    if factor - 2 * STEP < ratio <= factor + SLACK:
        return factor
    return math.ceil(ratio / STEP) * STEP


def _counted(text: str) -> Tokens:
    return Tokens(_vocabulary(Encoding.O200K).count(text), _vocabulary(Encoding.CL100K).count(text))


@cache
def _vocabulary(encoding: Encoding) -> _Vocabulary:
    vocabulary: _Vocabulary = _bindings().tokenizer_for_encoding(_VOCABULARIES[encoding])
    return vocabulary


class _Bindings(Protocol):
    def tokenizer_for_encoding(self, encoding_name: str) -> _Vocabulary: ...


def _bindings() -> _Bindings:
    """The package's extension module without the package: importing that builds tables in Python, 70 MB and half a
    second, which counting does not need."""
    name = "bpe_openai._bindings"
    if name not in sys.modules:
        package = find_spec("bpe_openai")
        spec = PathFinder.find_spec(name, package.submodule_search_locations if package else None)
        if spec is None or spec.loader is None:
            raise ImportError(f"{name} is missing")
        sys.modules[name] = module_from_spec(spec)  # it can be initialised once only: a later import must find this one
        spec.loader.exec_module(sys.modules[name])
    bindings: _Bindings = sys.modules[name]
    return bindings

"""The course of what is done, for those who want to see it: `core.telemetry.traces` draws it, elsewhere nothing is done."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Protocol

from core.config_models import ModelConfig, ProviderConfig
from core.domain import Turn
from core.ports import LanguageModel


class Step(StrEnum):
    """A part of the work on a turn that a trace shows as a line of its own. The calls of models are further ones."""

    ADMIT = "admit"
    """Whether it may be asked at all: the limits of messages and tokens."""
    MODERATE = "moderate"
    """Whether a text may be said: the question before the model is asked, the answer while it is written."""
    RECALL = "recall"
    """What the model needs to know, from the store."""
    RESERVE = "reserve"
    """What a call may cost."""
    PLACE = "place"
    """Waiting until the provider has room for one more."""
    KEEP = "keep"
    SHOW = "show"
    """From the kept answer until all of it is visible."""


class Spans(Protocol):
    """The course of what is done, as a trace shows it. A span lasts as long as the block that it is opened for, and what is
    opened in the block lies within it. Opening one never waits and never fails."""

    def turn(self, turn: Turn) -> AbstractContextManager[object]:
        """One claim of *turn*. What a `Watch` is told meanwhile in the same task belongs to it."""

    def step(self, step: Step) -> AbstractContextManager[object]: ...

    def request(self, route: str, traceparent: str) -> AbstractContextManager[object]:
        """A client's request for *route*, within the trace that its header (W3C Trace Context) names, if any."""

    @property
    def traceparent(self) -> str:
        """Where we are, as the header of that name says it; empty where nothing is traced."""


class Observer(Protocol):
    """Sees the calls of models."""

    def observed(self, model: LanguageModel, config: ModelConfig, provider: ProviderConfig | None) -> LanguageModel:
        """*model*, such that its calls are seen."""

    def headers(self) -> Mapping[str, str]:
        """Further ones of the request that is about to be sent to a model's server."""


class Untraced:
    """`Spans` and `Observer` where nobody wants any."""

    def turn(self, turn: Turn) -> AbstractContextManager[object]:
        del turn
        return NO_SPAN

    def step(self, step: Step) -> AbstractContextManager[object]:
        del step
        return NO_SPAN

    def request(self, route: str, traceparent: str) -> AbstractContextManager[object]:
        del route, traceparent
        return NO_SPAN

    @property
    def traceparent(self) -> str:
        return ""

    def observed(self, model: LanguageModel, config: ModelConfig, provider: ProviderConfig | None) -> LanguageModel:
        del config, provider
        return model

    def headers(self) -> Mapping[str, str]:
        return {}


NO_SPAN = nullcontext()
"""Can be entered again and again, also within itself."""
UNTRACED = Untraced()

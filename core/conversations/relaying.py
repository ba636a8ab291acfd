"""A client's own request, put to a model without a conversation: which model answers, and what that used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

import structlog

from core.completions import Chunk, read_usage, text_in
from core.conversations.context import MESSAGE_FRAME
from core.domain import ModelSpec, Tokens, Usage
from core.errors import ContentRefused, ModelError, RequestRefused, WindowExceeded
from core.ports import LanguageModel, Models, TokenCounter
from core.watching import Watch

log = structlog.get_logger(__name__)

IMAGE = Tokens(1105, 1105)
"""What an image of 2048 by 4096 pixels is to a model. Source: OpenAI's guide "Images and vision", the dearest of its
examples for the models of 2024."""
_FINAL = (ContentRefused, RequestRefused, WindowExceeded)
"""Errors of the request: another model is not asked the same."""


@dataclass(frozen=True, slots=True)
class Relaying:
    """fallback: models to ask, in order, when the one that was named fails before its first word."""

    models: Models
    counter: TokenCounter
    fallback: tuple[str, ...]
    watch: Watch

    @asynccontextmanager
    async def open(self, body: Mapping[str, Any], allowed: Callable[[str], bool]) -> AsyncIterator[Answering]:
        """The answer to the request *body*, once it has begun; leaving ends the call. *allowed*: the models that may be
        asked instead. Raises ModelError, of the model that was named where no other answers either; iterating does too."""
        async with AsyncExitStack() as opened:
            model, batches = await self._begin(opened, body, self._candidates(str(body["model"]), allowed))
            answering = Answering(model, batches, Measure(self.counter, model.spec, body["messages"]))
            try:
                yield answering
            finally:
                self.watch.asked(answering.model, answering.usage)

    async def _begin(
        self, opened: AsyncExitStack, body: Mapping[str, Any], candidates: Sequence[LanguageModel]
    ) -> tuple[LanguageModel, AsyncIterator[list[Chunk]]]:
        first: ModelError | None = None
        for model in candidates:
            try:
                return model, await opened.enter_async_context(model.relay(body))
            except _FINAL:
                raise
            except ModelError as problem:
                log.warning("model.failed", model=model.spec.id, error=type(problem).__name__, detail=problem.detail)
                first = first or problem
        raise first or ModelError("no model is configured")

    def _candidates(self, name: str, allowed: Callable[[str], bool]) -> Sequence[LanguageModel]:
        names = [name, *(other for other in self.fallback if allowed(other))]
        return [self.models.get(other) for other in dict.fromkeys(names)]


@dataclass(frozen=True, slots=True)
class Measure:
    """How many tokens there are where a server does not say it."""

    counter: TokenCounter
    spec: ModelSpec
    messages: Sequence[Mapping[str, Any]]

    def estimate(self, said: str) -> Usage:
        return Usage(prompt=self.prompt, completion=self._tokens(self.counter.count(said)))

    @property
    def prompt(self) -> int:
        total = Tokens()
        for message in self.messages:
            total += MESSAGE_FRAME + self.counter.count(text_in(message))
            for _ in range(_images(message)):
                total += IMAGE
        return self._tokens(total)

    def _tokens(self, counted: Tokens) -> int:
        return round(counted.of(self.spec.encoding) * self.spec.factor)


class Answering:
    """One answer, batch by batch, and what it used so far. What was broken off is billed all the same."""

    def __init__(self, model: LanguageModel, batches: AsyncIterator[list[Chunk]], measure: Measure) -> None:
        self.model = model.spec.id
        self._price = model.spec.price
        self._batches = batches
        self._measure = measure
        self._said: list[str] = []
        self._reported: Usage | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Chunk]:
        batch = await anext(self._batches)
        for chunk in batch:
            self._note(chunk)
        return batch

    @property
    def usage(self) -> Usage:
        """As the server reported it, else estimated; with its cost where a price is known."""
        usage = self._reported or self._measure.estimate("".join(self._said))
        return replace(usage, cost=self._price.of(usage)) if self._price and usage.cost is None else usage

    def _note(self, chunk: Chunk) -> None:
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._reported = read_usage(usage)
        for choice in chunk.get("choices") or ():
            self._said.append(text_in(choice.get("delta") or choice.get("message")))


def _images(message: Mapping[str, Any]) -> int:
    parts = message.get("content")
    return (
        sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)
        if isinstance(parts, list)
        else 0
    )

"""Calls of models as spans, by the names of OpenTelemetry's semantic conventions for generative AI ("Inference" in
"Semantic conventions for generative client AI spans", as of version 1.41)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, Tracer

from core.completions import Chunk, read_usage, reason, text_in
from core.config_models import ModelConfig, ProviderConfig
from core.domain import Finish, ModelSpec, Prompt, Usage
from core.ports import Clock, Deltas, LanguageModel
from core.telemetry.spans import Fact, Kept, Lasting

PROVIDERS = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "api.anthropic.com": "anthropic",
    "api.cohere.ai": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
}
"""The well-known values of `gen_ai.provider.name`, by the end of the host. Another provider goes by its name in the
configuration."""
_PORTS = {"http": 80, "https": 443}
_NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Caller:
    """content: whether spans hold what is said."""

    tracer: Tracer
    clock: Clock
    content: bool


class TracedModel:
    """`LanguageModel` whose every call is a span. The call's own requests lie within it, and nothing else does."""

    def __init__(
        self, model: LanguageModel, caller: Caller, config: ModelConfig, provider: ProviderConfig | None
    ) -> None:
        self._model = model
        self._caller = caller
        self._config = config
        self._place = {"gen_ai.provider.name": config.provider, **(_place(provider.base_url) if provider else {})}

    @property
    def spec(self) -> ModelSpec:
        return self._model.spec

    async def learn_window(self, limit: int) -> None:
        await self._model.learn_window(limit)

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[Deltas]:
        asked = self._config.sampling.model_dump(exclude_none=True) | dict(prompt.sampling)
        limits = [limit for limit in (asked.pop("max_tokens", None), prompt.max_output) if limit]
        asked |= {"max_tokens": min(limits)} if limits else {}
        messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
        with self._begun(asked | {"stream": True}, messages) as lasting:
            async with AsyncExitStack() as opened:
                with lasting.around():
                    deltas = await opened.enter_async_context(self._model.stream(prompt))
                heard = HeardDeltas(deltas, Call(lasting, self._caller.content))
                yield heard
                heard.end()

    @asynccontextmanager
    async def relay(self, body: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[list[Chunk]]]:
        with self._begun(body, body["messages"]) as lasting:
            async with AsyncExitStack() as opened:
                with lasting.around():
                    batches = await opened.enter_async_context(self._model.relay(body))
                yield _passing(batches, Call(lasting, self._caller.content))

    def _begun(self, asked: Mapping[str, Any], messages: Iterable[Mapping[str, Any]]) -> Lasting:
        model = self._config.model or self._config.id
        facts = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, **self._place, **_asked_for(asked)}
        if self._caller.content:
            facts |= _said(messages)
        return Lasting(self._caller.tracer, self._caller.clock, Kept(f"chat {model}", SpanKind.CLIENT, facts))


class Call:
    """What is noted of one call as its answer comes."""

    def __init__(self, lasting: Lasting, content: bool) -> None:
        self._lasting = lasting
        self._texts: list[str] | None = [] if content else None
        self._has_begun = False

    def hear(self, text: str) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._lasting.span.set_attribute("gen_ai.response.time_to_first_chunk", self._lasting.seconds)
        if self._texts is not None:
            self._texts.append(text)

    def used(self, usage: Usage) -> None:
        self._note("gen_ai.usage.input_tokens", usage.prompt)
        self._note("gen_ai.usage.cache_read.input_tokens", usage.cached)
        self._note("gen_ai.usage.output_tokens", usage.completion)
        self._note("gen_ai.usage.reasoning.output_tokens", usage.reasoning)

    def answered_by(self, model: str, identifier: str = "") -> None:
        for name, value in (("gen_ai.response.model", model), ("gen_ai.response.id", identifier)):
            if value:
                self._note(name, value)

    def end(self, reasons: list[str]) -> None:
        self._note("gen_ai.response.finish_reasons", reasons)
        if self._texts is not None:
            said = {"role": "assistant", "parts": [_text("".join(self._texts))], "finish_reason": reasons[0]}
            self._note("gen_ai.output.messages", json.dumps([said], ensure_ascii=False))

    def _note(self, name: str, value: Fact) -> None:
        self._lasting.span.set_attribute(name, value)


class HeardDeltas:
    """`Deltas`."""

    def __init__(self, deltas: Deltas, call: Call) -> None:
        self._deltas = deltas
        self._call = call

    async def __aiter__(self) -> AsyncIterator[str]:
        async for piece in self._deltas:
            self._call.hear(piece)
            yield piece

    @property
    def finish(self) -> Finish:
        return self._deltas.finish

    @property
    def usage(self) -> Usage:
        return self._deltas.usage

    @property
    def source(self) -> str:
        return self._deltas.source

    def end(self) -> None:
        """All of it was heard."""
        self._call.used(self.usage)
        self._call.answered_by(self.source)
        self._call.end([reason(self.finish)])


async def _passing(batches: AsyncIterator[list[Chunk]], call: Call) -> AsyncIterator[list[Chunk]]:
    reasons: list[str] = []
    async for batch in batches:
        for chunk in batch:
            reasons += _noted(chunk, call)
        yield batch
    if reasons:
        call.end(reasons)


def _noted(chunk: Chunk, call: Call) -> list[str]:
    """Why the answers ended that end with this chunk."""
    call.hear("".join(text_in(choice.get("delta") or choice.get("message")) for choice in chunk.get("choices") or ()))
    if isinstance(usage := chunk.get("usage"), dict):
        call.used(read_usage(usage))
        call.answered_by(str(chunk.get("model") or ""), str(chunk.get("id") or ""))
    found = (choice.get("finish_reason") for choice in chunk.get("choices") or ())
    return [str(each) for each in found if each]


def _place(base_url: str) -> dict[str, Fact]:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    known = next((name for end, name in PROVIDERS.items() if host == end or host.endswith(f".{end}")), None)
    place: dict[str, Fact] = {"server.address": host, "server.port": parts.port or _PORTS.get(parts.scheme, 0)}
    return place | ({"gen_ai.provider.name": known} if known else {})


def _asked_for(asked: Mapping[str, Any]) -> dict[str, Fact]:
    """The parameters of a request that the conventions name."""
    facts: dict[str, Fact] = {}
    for name in _NUMBERS:
        if isinstance(value := asked.get(name), int | float):
            facts[f"gen_ai.request.{name}"] = float(value)
    for name in _LIMITS:
        if isinstance(value := asked.get(name), int):
            facts["gen_ai.request.max_tokens"] = value
    if isinstance(seed := asked.get("seed"), int):
        facts["gen_ai.request.seed"] = seed
    if stop := asked.get("stop"):
        facts["gen_ai.request.stop_sequences"] = [stop] if isinstance(stop, str) else [str(each) for each in stop]
    if asked.get("stream"):
        facts["gen_ai.request.stream"] = True
    return facts


def _said(messages: Iterable[Mapping[str, Any]]) -> dict[str, Fact]:
    """What the model is told: its persona apart from the conversation."""
    told = [message for message in messages if isinstance(message, Mapping)]
    personas = [_text(text_in(message)) for message in told if message.get("role") == "system"]
    others = [
        {"role": str(message.get("role")), "parts": [_text(text_in(message))]}
        for message in told
        if message.get("role") != "system"
    ]
    facts: dict[str, Fact] = {"gen_ai.input.messages": json.dumps(others, ensure_ascii=False)}
    return facts | ({"gen_ai.system_instructions": json.dumps(personas, ensure_ascii=False)} if personas else {})


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "content": text}

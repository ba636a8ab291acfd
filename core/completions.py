"""Chat Completions as JSON: what Parlour itself reads and writes in that form. Source: OpenAI API reference, "Chat"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.domain import Finish, Usage

Chunk = dict[str, Any]
"""An object of the protocol: one chunk of a streamed answer, or a whole answer."""

WHOLE, PIECE = "chat.completion", "chat.completion.chunk"
_NANO = 1_000_000_000
_MOST_DOLLARS = 1e6
_MOST_TOKENS = 1e12
_SPOKEN = ("refusal", "reasoning_content", "reasoning")
"""Fields of a message that hold words of the model's, beside its content; the last two are other servers' than OpenAI's."""
_REASONS = {Finish.STOP: "stop", Finish.LENGTH: "length", Finish.STOPPED: "stop"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What all chunks of one answer have in common. created: Unix time in whole seconds. model: its name to the client."""

    id: str
    created: int
    model: str

    def piece(self, delta: Mapping[str, Any], finish: str | None = None, index: int = 0) -> Chunk:
        return self._object(PIECE, [{"index": index, "delta": dict(delta), "logprobs": None, "finish_reason": finish}])

    def used(self, usage: Usage) -> Chunk:
        """The chunk after the last one."""
        return {**self._object(PIECE, []), "usage": usage_body(usage)}

    def whole(self, texts: list[str], finish: str, usage: Usage) -> Chunk:
        """An answer with a choice for each of *texts*."""
        choices = [
            {"index": index, "message": _said(text), "logprobs": None, "finish_reason": finish}
            for index, text in enumerate(texts)
        ]
        return {**self._object(WHOLE, choices), "usage": usage_body(usage)}

    def _object(self, kind: str, choices: list[dict[str, Any]]) -> Chunk:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}


def reason(finish: Finish) -> str:
    """The protocol's word for it; it has none for an answer that somebody stopped."""
    return _REASONS[finish]


def usage_body(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Usage as servers report it. Cached tokens: OpenAI's details, or DeepSeek's ``prompt_cache_hit_tokens``. Reasoning
    that a server counts beside the completion (its total says so) is added to it."""
    prompt = _number(usage.get("prompt_tokens"))
    completion = _number(usage.get("completion_tokens"))
    cached = _detail(usage, "prompt_tokens_details", "cached_tokens") or _number(usage.get("prompt_cache_hit_tokens"))
    reasoning = _detail(usage, "completion_tokens_details", "reasoning_tokens")
    if reasoning and _number(usage.get("total_tokens")) == prompt + completion + reasoning:
        completion += reasoning
    return Usage(prompt, min(cached, prompt), completion, min(reasoning, completion), _cost(usage.get("cost")))


def _cost(dollars: object) -> int | None:
    """OpenRouter says what a call cost, in dollars."""
    if not isinstance(dollars, int | float) or not 0 < dollars < _MOST_DOLLARS:
        return None
    return round(dollars * _NANO)


def _detail(usage: Mapping[str, Any], group: str, name: str) -> int:
    details = usage.get(group)
    return _number(details.get(name)) if isinstance(details, Mapping) else 0


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value < _MOST_TOKENS else 0


def in_pieces(whole: Chunk) -> list[Chunk]:
    """A whole answer as the chunks of a streamed one."""
    choices = [
        {**choice, "delta": _numbered(choice.get("message") or {})}
        for choice in whole.get("choices") or ()
        if isinstance(choice, dict)
    ]
    for choice in choices:
        choice.pop("message", None)
    piece = {**whole, "object": PIECE, "choices": choices}
    usage = piece.pop("usage", None)
    return [piece, {**piece, "choices": [], "usage": usage}] if usage else [piece]


def text_in(message: object) -> str:
    """The text of a message of a request: its content, or the text among its parts."""
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or "") for part in _parts(content))


def pictures_in(message: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses of the pictures among a message's parts: on the web, or ``data:`` with the picture itself. Some servers
    take them as a text, where OpenAI has an object."""
    found = (part.get("image_url") for part in _parts(message.get("content")))
    addresses = (image.get("url") if isinstance(image, Mapping) else image for image in found)
    return tuple(str(address) for address in addresses if address)


def _parts(content: object) -> list[Mapping[str, Any]]:
    return [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []


def words_in(message: object) -> str:
    """Everything that a message, or a piece of one, says, also to programs: its text, a refusal, what a model thought, and
    with what it calls tools."""
    if not isinstance(message, Mapping):
        return ""
    calls = (call.get("function") for call in message.get("tool_calls") or () if isinstance(call, Mapping))
    called = (function.get("arguments") for function in calls if isinstance(function, Mapping))
    others = (*(message.get(name) for name in _SPOKEN), *called)
    return text_in(message) + "".join(said for said in others if isinstance(said, str))


def _said(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "refusal": None, "annotations": []}


def _numbered(message: Mapping[str, Any]) -> dict[str, Any]:
    """Calls of tools are numbered in a delta and not in a message."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return dict(message)
    numbered = [{"index": index, **call} for index, call in enumerate(calls) if isinstance(call, dict)]
    return {**message, "tool_calls": numbered}

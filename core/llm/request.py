"""The body of a Chat Completions request, and how it bends to what a server refuses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from core.config_models import ModelConfig, ProviderConfig
from core.domain import ModelFacts, Prompt
from core.llm.faults import LIMIT_NAMES, Adjustment
from core.llm.tokens import whole

_ALWAYS_NEW_NAME = ("openai.com", "azure.com")
"""Hosts whose documentation calls ``max_tokens`` deprecated in favour of ``max_completion_tokens``; older servers know
only the first."""


class Bendable:
    """The parameters that a request could do without, by the names they are sent under: `optional`."""

    def __init__(self, optional: dict[str, Any], facts: ModelFacts) -> None:
        self.optional = optional
        for name in facts.refused:
            self.optional.pop(name, None)
        for old, new in facts.renamed.items():
            self._rename(old, new)
        self._renamed: set[str] = set()

    def without(self, change: Adjustment, facts: ModelFacts) -> ModelFacts | None:
        """Bends this request; gives what is learnt from it. An output limit gets its other name before it is dropped.
        None: it cannot be bent like that."""
        for name in change.names:
            other = LIMIT_NAMES.get(name)
            if other and name not in self._renamed and change.lasting:
                self._rename(name, other)
                self._renamed.add(other)
                facts = replace(facts, renamed={name: other})
            else:
                self.optional.pop(name)
                facts = self._refused(name, facts) if change.lasting else facts
        return facts

    def _refused(self, name: str, facts: ModelFacts) -> ModelFacts:
        """Neither name of the output limit was taken: both are forgotten."""
        refused = {*facts.refused, name, *([LIMIT_NAMES[name]] if name in LIMIT_NAMES else [])}
        return replace(facts, refused=tuple(sorted(refused)), renamed={} if name in LIMIT_NAMES else facts.renamed)

    def _rename(self, old: str, new: str) -> None:
        if old in self.optional:
            self.optional[new] = self.optional.pop(old)


class RequestBody(Bendable):
    """A request of Parlour's own."""

    def __init__(self, model: ModelConfig, provider: ProviderConfig, prompt: Prompt, facts: ModelFacts) -> None:
        self._model = model.model or model.id
        self._messages = [{"role": message.role, "content": whole(message.content)} for message in prompt.messages]
        super().__init__(_known_parameters(model, provider, prompt), facts)

    @property
    def sent(self) -> Mapping[str, Any]:
        return {"model": self._model, "messages": self._messages, "stream": True, **self.optional}


class RelayedBody(Bendable):
    """A client's request as a model's server takes it. What Parlour adds can go again; what the client wrote stays, but
    that an output limit may have to go by its other name."""

    def __init__(self, model: ModelConfig, body: Mapping[str, Any], facts: ModelFacts) -> None:
        limits = {name for name in LIMIT_NAMES if body.get(name) is not None}
        added = {**model.sampling.model_dump(exclude_none=True), **model.extra_body}
        added = {
            name: value for name, value in added.items() if name not in body and not (limits and name in LIMIT_NAMES)
        }
        if body.get("stream"):
            added["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        self._added = frozenset(added)
        movable = limits if len(limits) == 1 and not limits & set(facts.refused) else set()
        self._written = {name: value for name, value in body.items() if name not in movable | self._added}
        self._written |= {"model": model.model or model.id, "stream": bool(body.get("stream"))}
        super().__init__({**added, **{name: body[name] for name in movable}}, facts)

    @property
    def sent(self) -> Mapping[str, Any]:
        return {**self._written, **self.optional}

    def without(self, change: Adjustment, facts: ModelFacts) -> ModelFacts | None:
        for name in set(change.names) - self._added:
            if name in self._renamed or not change.lasting:
                return None
        return super().without(change, facts)


def _known_parameters(model: ModelConfig, provider: ProviderConfig, prompt: Prompt) -> dict[str, Any]:
    sampling = {**model.sampling.model_dump(exclude_none=True), **prompt.sampling}
    limits = [limit for limit in (sampling.pop("max_tokens", None), prompt.max_output) if limit]
    if limits:
        sampling[_limit_name(provider.base_url)] = min(limits)
    return {"stream_options": {"include_usage": True}, **sampling, **model.extra_body}


def _limit_name(base_url: str) -> str:
    host = urlsplit(base_url).hostname or ""
    return "max_completion_tokens" if host.endswith(_ALWAYS_NEW_NAME) else "max_tokens"

"""The body of a Chat Completions request, and how it bends to what a server refuses. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from core.config import ModelConfig, ProviderConfig
from core.domain import ModelFacts, Prompt
from core.llm.faults import LIMIT_NAMES, Adjustment
from core.llm.tokens import whole

_ALWAYS_NEW_NAME = ("openai.com", "azure.com")
"""Hosts whose documentation calls ``max_tokens`` deprecated in favour of ``max_completion_tokens``; older servers know
only the first."""


class RequestBody:
    """One request. `optional` holds the parameters that it could do without, by the names they are sent under."""

    def __init__(self, model: ModelConfig, provider: ProviderConfig, prompt: Prompt, facts: ModelFacts) -> None:
        self.model = model.model or model.id
        self.messages = [{"role": message.role, "content": whole(message.content)} for message in prompt.messages]
        self.optional = self._known_parameters(model, provider, prompt)
        for name in facts.refused:
            self.optional.pop(name, None)
        for old, new in facts.renamed.items():
            self._rename(old, new)
        self._renamed: set[str] = set()

    def _known_parameters(self, model: ModelConfig, provider: ProviderConfig, prompt: Prompt) -> dict[str, Any]:
        sampling = model.sampling.model_dump(exclude_none=True)
        limits = [limit for limit in (sampling.pop("max_tokens", None), prompt.max_output) if limit]
        if limits:
            sampling[_limit_name(provider.base_url)] = min(limits)
        return {"stream_options": {"include_usage": True}, **sampling, **model.extra_body}

    def without(self, change: Adjustment, facts: ModelFacts) -> ModelFacts:
        """Bends this request; gives what is learnt from it. An output limit gets its other name before it is dropped."""
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


def _limit_name(base_url: str) -> str:
    host = urlsplit(base_url).hostname or ""
    return "max_completion_tokens" if host.endswith(_ALWAYS_NEW_NAME) else "max_tokens"

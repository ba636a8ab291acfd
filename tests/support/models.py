"""Models of the real client on a test's own server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from core.config_models import ModelConfig, ProviderConfig
from core.domain import Finish, ModelFacts, Prompt, PromptMessage, Usage
from core.llm.catalogue import open_models
from core.ports import Clock, LanguageModel
from tests.support.completions import KEY, CompletionsServer

HELLO = Prompt((PromptMessage("system", "Be kind."), PromptMessage("user", "Hello")))


class KeptFacts:
    """`Facts` in memory."""

    def __init__(self, **known: ModelFacts) -> None:
        self.known = dict(known)

    async def facts(self) -> dict[str, ModelFacts]:
        return dict(self.known)

    async def learn(self, model: str, facts: ModelFacts) -> None:
        self.known[model] = facts


@asynccontextmanager
async def model_on(
    server: CompletionsServer, clock: Clock, facts: KeptFacts | None = None, **config: Any
) -> AsyncIterator[LanguageModel]:
    """The model ``gpt-5-mini`` of *server*; *config* as in `ModelConfig`."""
    provider = ProviderConfig(base_url=server.url, api_key=SecretStr(KEY))
    model = ModelConfig(**{"id": "gpt-5-mini", "provider": "test", **config})
    async with open_models([model], {"test": provider}, facts or KeptFacts(), clock) as models:
        yield models.get("")


async def ask(model: LanguageModel, prompt: Prompt = HELLO) -> tuple[str, Finish, Usage]:
    """A whole answer. Raises ModelError."""
    text = ""
    async with model.stream(prompt) as deltas:
        async for piece in deltas:
            text += piece
    return text, deltas.finish, deltas.usage

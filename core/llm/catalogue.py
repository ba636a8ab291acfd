"""Which models there are, and which of them can be used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from core.completions import Chunk
from core.config_models import ModelConfig, ProviderConfig
from core.domain import Encoding, ModelSpec, Price, Prompt
from core.errors import ModelNone
from core.llm.knowledge import configured, is_commercial, known_about
from core.llm.local import MAX_OUTPUT, SLOTS, WINDOW, LocalConnection, why_unusable, with_local_defaults
from core.llm.memory import FactsMemory
from core.llm.openai import ChatModel, Connection
from core.llm.primer import Primed
from core.llm.scripted import ScriptedModel, scripts_from
from core.llm.tokens import UNKNOWN_FACTOR
from core.ports import Clock, Deltas, Facts, LanguageModel
from core.tracing import UNTRACED, Observer

LOCAL = "local"
SCRIPTED = "scripted"


class Catalogue:
    """`Models`: the configured ones, in the order of the configuration. The default is the first that can be used."""

    def __init__(
        self,
        usable: Mapping[str, LanguageModel],
        unusable: Mapping[str, str],
        connections: Mapping[str, Connection],
        on_this_machine: Sequence[LocalConnection],
    ) -> None:
        self._usable = usable
        self._on_this_machine = on_this_machine
        self._unusable = unusable
        self._connections = connections

    def names(self) -> Sequence[str]:
        return tuple(self._usable)

    def get(self, name: str) -> LanguageModel:
        return self._usable.get(name) or next(iter(self._usable.values()), None) or _Nothing(self._unusable)

    def unusable(self) -> Mapping[str, str]:
        """Why a configured model cannot be used: one line each, for the operator."""
        return self._unusable

    def loading(self) -> str | None:
        """The id of a local model that is being loaded right now."""
        return next((local.loading for local in self._on_this_machine if local.loading), None)

    def slots(self) -> Mapping[str, int]:
        """How many calls the models get at once that run on this machine, by their ids."""
        return {local.model: SLOTS for local in self._on_this_machine}

    def take_keys(self, providers: Mapping[str, ProviderConfig]) -> None:
        """The keys of *providers*, from the next request on. Answers that are being written go on."""
        for name, connection in self._connections.items():
            connection.take_key(providers[name])

    def providers(self) -> Sequence[str]:
        """Those that `offers` can be asked about."""
        return tuple(self._connections)

    async def offers(self, provider: str) -> tuple[str, ...]:
        """The names of all models that the provider's server offers. Raises ModelError."""
        return await self._connections[provider].offers()


class _Nothing:
    """Stands for the default model where none can be used: every question gets a sentence instead of silence."""

    def __init__(self, unusable: Mapping[str, str]) -> None:
        self._reasons = "; ".join(f"{name}: {reason}" for name, reason in unusable.items())

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec("none", WINDOW, MAX_OUTPUT)

    async def learn_window(self, limit: int) -> None:
        """There is none to learn."""

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[Deltas]:  # noqa: ARG002  # as `LanguageModel` has it
        raise self._problem

    def relay(self, body: Mapping[str, Any]) -> AbstractAsyncContextManager[AsyncIterator[list[Chunk]]]:  # noqa: ARG002  # likewise
        raise self._problem

    @property
    def _problem(self) -> ModelNone:
        return ModelNone(f"{self._reasons or 'none is configured'}")


@asynccontextmanager
async def open_models(
    models: Sequence[ModelConfig],
    providers: Mapping[str, ProviderConfig],
    facts: Facts,
    clock: Clock,
    observer: Observer = UNTRACED,
) -> AsyncIterator[Catalogue]:
    """The models of a configuration, as *observer* sees them. Connections, and the server of a local model, are opened when
    they are first needed and closed at the end. Raises ConfigError."""
    memory = FactsMemory(facts)
    await memory.load()
    connections = {name: Connection(provider, clock, name, observer.headers) for name, provider in providers.items()}
    unusable = {config.id: reason for config in models if (reason := _why_unusable(config, providers))}
    async with AsyncExitStack() as closing:
        for connection in connections.values():
            closing.push_async_callback(connection.aclose)
        opening = _Opening(connections, memory, clock, closing)
        usable = {
            config.id: observer.observed(opening.model(config), config, providers.get(config.provider))
            for config in models
            if config.id not in unusable
        }
        yield Catalogue(usable, unusable, connections, opening.on_this_machine)


@dataclass(frozen=True, slots=True)
class _Opening:
    connections: Mapping[str, Connection]
    memory: FactsMemory
    clock: Clock
    closing: AsyncExitStack
    on_this_machine: list[LocalConnection] = field(default_factory=list)

    def model(self, config: ModelConfig) -> LanguageModel:
        connection = self.connections.get(config.provider)
        if connection is not None:
            known = known_about(config, connection.provider.base_url, self.clock.now())
            return ChatModel(config, known, connection, self.memory, self.clock)
        if config.provider == SCRIPTED:
            scripts, delay = scripts_from(config.id, config.extra_body)
            return ScriptedModel(_own_spec(config), self.clock, scripts, delay)
        local = LocalConnection(config, self.clock)
        self.closing.push_async_callback(local.aclose)
        self.on_this_machine.append(local)
        model = ChatModel(with_local_defaults(config), _own_spec(config), local, self.memory, self.clock)
        return Primed(model) if config.path is None else model


def _own_spec(config: ModelConfig) -> ModelSpec:
    """Of a model that no table lists."""
    window = config.window or WINDOW
    exact = config.provider == SCRIPTED
    return ModelSpec(
        id=config.id,
        window=window,
        max_output=min(config.max_output or MAX_OUTPUT, window),
        encoding=config.encoding or Encoding.O200K,
        exact=exact,
        factor=1.0 if exact else UNKNOWN_FACTOR,
        price=configured(config.price) if config.price else Price(0, 0, 0),
    )


def _why_unusable(config: ModelConfig, providers: Mapping[str, ProviderConfig]) -> str | None:
    provider = providers.get(config.provider)
    if provider is not None:
        return None if may_be_asked(provider) else f"the provider {config.provider} has no api_key"
    if config.provider == LOCAL:
        return why_unusable(config)
    return None if config.provider == SCRIPTED else f"the provider {config.provider} is not configured"


def may_be_asked(provider: ProviderConfig) -> bool:
    """A commercial service needs a key, or headers that stand for one; somebody's own server may do without."""
    return bool(provider.api_key.get_secret_value() or provider.headers) or not is_commercial(provider.base_url)

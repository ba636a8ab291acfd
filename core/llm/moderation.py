"""Moderation services that speak as OpenAI's does: what they find in a text, by the names of their categories."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from core.config_models import ProviderConfig
from core.config_moderation import ModerationConfig
from core.domain_moderation import Reason, Verdict
from core.errors import ModelGarbled
from core.llm.openai import Connection
from core.llm.tokens import whole
from core.ports import Clock
from core.ports_moderation import Moderator

_REASONS = {
    "harassment": Reason.HARASSMENT,
    "hate": Reason.HATE,
    "illicit": Reason.ILLICIT,
    "self-harm": Reason.SELF_HARM,
    "sexual": Reason.SEXUAL,
    "violence": Reason.VIOLENCE,
}
"""By the first part of a category's name: ``violence/graphic`` is violence to whoever reads why. Source: OpenAI API
reference, "Moderations"."""
UNNAMED = "flagged"
"""Stands for a category where a server has none for what it flags."""


@dataclass(frozen=True, slots=True)
class ServerModerator:
    """`Moderator` on a server. limits: scores, by category, above which a text is refused; in the other categories what
    the server flags is."""

    connection: Connection
    model: str
    limits: Mapping[str, float]

    async def check(self, texts: Sequence[str], picture: str = "") -> Verdict:
        body = await self.connection.moderate({"model": self.model, "input": _input([*map(whole, texts)], picture)})
        results = body.get("results") if isinstance(body, Mapping) else None
        if not isinstance(results, list) or len(results) != (1 if picture else len(texts)):
            raise ModelGarbled("not as many results as there should be")
        found = {category: score for result in results for category, score in self._found(result).items()}
        if not found:
            return Verdict()
        likeliest = max(found, key=lambda category: found[category])
        reason = _REASONS.get(likeliest.partition("/")[0], Reason.OTHER)
        return Verdict(reason, ", ".join(sorted(found, key=lambda category: -found[category])))

    def _found(self, result: object) -> Mapping[str, float]:
        """The categories for which one text is refused, with their scores. Raises ModelGarbled."""
        if not isinstance(result, Mapping) or not isinstance(result.get("flagged"), bool):
            raise ModelGarbled("a result that does not say whether the text is flagged")
        flagged = {category for category, found in _table(result, "categories").items() if found is True}
        if result["flagged"] and not flagged:
            return {UNNAMED: 1.0}
        scores = _table(result, "category_scores")
        if set(self.limits) - set(scores):
            raise ModelGarbled("a result without the scores that have limits")
        refused = flagged - set(self.limits)
        refused |= {category for category, limit in self.limits.items() if _number(scores[category]) > limit}
        return {category: _number(scores.get(category)) for category in refused}


class Moderators:
    """Those that a configuration may name, now or when it is changed."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self._connections = connections

    def take_keys(self, providers: Mapping[str, ProviderConfig]) -> None:
        """As those of the models are taken."""
        for name, connection in self._connections.items():
            connection.take_key(providers[name])

    def get(self, config: ModerationConfig) -> Moderator | None:
        """None where nothing is to be checked."""
        if not config.provider:
            return None
        limits = {str(name): limit for name, limit in config.thresholds.items()}
        return ServerModerator(self._connections[config.provider], config.model, limits)


@asynccontextmanager
async def open_moderators(providers: Mapping[str, ProviderConfig], clock: Clock) -> AsyncIterator[Moderators]:
    """Their connections are opened when they are first needed, and closed at the end. They are not those of the models,
    so that a check never waits behind answers."""
    connections = {name: Connection(provider, clock, name) for name, provider in providers.items()}
    async with AsyncExitStack() as closing:
        for connection in connections.values():
            closing.push_async_callback(connection.aclose)
        yield Moderators(connections)


def _input(texts: list[str], picture: str) -> object:
    """A picture and what goes with it are judged as one, several texts each by itself. Source: OpenAI's moderation guide;
    with a second picture its service refuses a request (``too_many_images``)."""
    if picture:
        shown = {"type": "image_url", "image_url": {"url": picture}}
        return [*({"type": "text", "text": text} for text in texts), shown]
    return texts if len(texts) > 1 else texts[0]  # some servers read nothing but a single text


def _table(result: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = result.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

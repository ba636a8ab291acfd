"""``python -m bots check``: is everything well? One line for each thing, never a secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bots import wiring
from bots.output import put
from bots.serving import BLANK, PLATFORMS, why_off
from bots.shared.platform import Finding, State
from core.config import Config, is_blank
from core.domain import ModelFacts, Prompt, PromptMessage
from core.errors import ModelError, ModelGarbled, ParlourError, StoreError, StoreSealed
from core.limits.configured import spending_policy
from core.ports import LanguageModel, Models
from core.ports_moderation import Moderator

LONGEST_LOOK = 30.0
"""Seconds for one provider or the store: a check is for people who wait for it."""
ASKED = ("discord", "telegram")
"""Platforms whose servers are asked; what there is to say of the others is known here."""
MODERATION = "moderation"
TINY_ANSWER = 16
"""Tokens at most of the answer that a provider is asked for. Fewer are refused by some servers."""


class _NoFacts:
    """What servers taught us is in the store, which may be what is broken."""

    async def facts(self) -> dict[str, ModelFacts]:
        return {}

    async def learn(self, model: str, facts: ModelFacts) -> None:
        """Forgotten: a check changes nothing."""


async def check(config: Config, file: Path | None, *, offline: bool) -> int:
    """Prints the findings as they come; 1 if one of them is an error."""
    failed = False
    async for finding in _findings(config, file, offline=offline):
        put(str(finding))
        failed |= finding.state is State.ERROR
    return int(failed)


async def _findings(config: Config, file: Path | None, *, offline: bool) -> AsyncIterator[Finding]:
    yield _file(config, file)
    for finding in [*_keys(config), *await _store(config, file), *await _models(config, offline=offline)]:
        yield finding
    yield await _moderation(config, offline=offline)
    for finding in await _platforms(config, offline=offline):
        yield finding


def _file(config: Config, file: Path | None) -> Finding:
    blank = file is not None and is_blank(file)
    place = f"{file} {BLANK}" if blank else str(file) if file else "no config.yaml here: what is built in holds"
    found = f"{place} (models: {len(config.models)}, personas: {len(config.personas)})"
    return Finding(State.WARN if blank else State.OK, "configuration", found)


def _keys(config: Config) -> list[Finding]:
    return [
        Finding(State.OK, f"key of {name}", "set")
        if provider.api_key.get_secret_value()
        else Finding(State.OFF, f"key of {name}", f"not set (providers.{name}.api_key)")
        for name, provider in config.providers.items()
    ]


async def _store(config: Config, file: Path | None) -> list[Finding]:
    try:
        async with wiring.clock().watchdog(LONGEST_LOOK), wiring.store(config) as store:
            warnings = await store.warnings()
            found = [Finding(State.OK, "store", store.description)]
            return found + [Finding(State.WARN, "store", warning) for warning in warnings]
    except StoreSealed as problem:
        return [Finding(State.ERROR, "store", f"{file}: {problem}" if file else str(problem))]
    except StoreError as problem:
        return [Finding(State.ERROR, "store", str(problem))]
    except TimeoutError:
        return [Finding(State.ERROR, "store", f"no answer within {LONGEST_LOOK:.0f} s")]


async def _models(config: Config, *, offline: bool) -> list[Finding]:
    async with wiring.models(config, _NoFacts()) as models:
        unusable = [Finding(State.OFF, f"model {name}", why) for name, why in models.unusable().items()]
        chosen = _one_of_each_provider(config, models.names())
        if offline:
            asked = [Finding(State.OK, f"model {name}", "not asked (--offline)") for name in chosen]
        else:
            asked = await asyncio.gather(*(_asked(name, models.get(name)) for name in chosen))
        none = [] if models.names() else [Finding(State.ERROR, "models", "none of them can be used")]
        return [*unusable, *asked, *none, *_without_price(config, models)]


def _without_price(config: Config, models: Models) -> list[Finding]:
    """Where there are budgets, models that nobody knows the price of."""
    if not spending_policy(config).limits_money:
        return []
    unknown = [name for name in models.names() if models.get(name).spec.price is None]
    return [Finding(State.WARN, f"model {name}", "counts for no budget: no price is known or set") for name in unknown]


def _one_of_each_provider(config: Config, usable: Sequence[str]) -> list[str]:
    """One tiny request for each provider: its first model that can be used."""
    first: dict[str, str] = {}
    for model in config.models:
        if model.id in usable:
            first.setdefault(model.provider, model.id)
    return list(first.values())


async def _asked(name: str, model: LanguageModel) -> Finding:
    subject = f"model {name}"
    try:
        async with wiring.clock().watchdog(LONGEST_LOOK):
            await _first_words(model)
    except ModelGarbled as problem:
        return Finding(State.WARN, subject, f"reached, but gave no text: {problem}")
    except ModelError as problem:
        return Finding(State.ERROR, subject, f"{type(problem).__name__}: {problem}")
    except TimeoutError:
        return Finding(State.ERROR, subject, f"no answer within {LONGEST_LOOK:.0f} s")
    return Finding(State.OK, subject, "answers")


async def _first_words(model: LanguageModel) -> None:
    prompt = Prompt((PromptMessage("user", "Say yes."),), TINY_ANSWER)
    async with model.stream(prompt) as deltas:
        async for _ in deltas:
            pass


async def _moderation(config: Config, *, offline: bool) -> Finding:
    async with wiring.moderators(config) as moderators:
        moderator = moderators.get(config.moderation)
        if moderator is None:
            return Finding(State.OFF, MODERATION, "no moderation.provider")
        if offline:
            return Finding(State.OK, MODERATION, "not asked (--offline)")
        return await _judged(moderator)


async def _judged(moderator: Moderator) -> Finding:
    """What the service says of a greeting."""
    try:
        async with wiring.clock().watchdog(LONGEST_LOOK):
            verdict = await moderator.check(["Good morning!"])
    except ModelError as problem:
        return Finding(State.ERROR, MODERATION, f"{type(problem).__name__}: {problem}")
    except TimeoutError:
        return Finding(State.ERROR, MODERATION, f"no answer within {LONGEST_LOOK:.0f} s")
    if verdict.reason is None:
        return Finding(State.OK, MODERATION, "answers")
    return Finding(State.WARN, MODERATION, f"a greeting would be refused ({verdict.detail}): see moderation.thresholds")


async def _platforms(config: Config, *, offline: bool) -> list[Finding]:
    off = why_off(config)
    on = await asyncio.gather(*(_examined(config, name, offline=offline) for name in PLATFORMS if name not in off))
    found = [finding for findings in on for finding in findings]
    found += [Finding(State.OFF, name, reason) for name, reason in off.items()]
    return [Finding(State.OK, "terminal", "python -m bots chat"), *found]


async def _examined(config: Config, name: str, *, offline: bool) -> Sequence[Finding]:
    if offline and name in ASKED:
        return [Finding(State.OK, name, "not asked (--offline)")]
    try:
        async with wiring.clock().watchdog(LONGEST_LOOK):
            return await wiring.examine(config, name)
    except ParlourError as problem:
        return [Finding(State.ERROR, name, str(problem))]
    except TimeoutError:
        return [Finding(State.ERROR, name, f"no answer within {LONGEST_LOOK:.0f} s")]

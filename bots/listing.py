"""``python -m bots models`` and ``inbox``: what there is, as plain text in columns."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from bots import wiring
from bots.output import columns, complain, put
from core.config import Config
from core.config_models import ModelConfig
from core.config_text import plain
from core.domain import ModelFacts, ModelSpec, Price, SetAside, TurnId
from core.errors import ModelError

_PER_MILLION = 1000
"""Nano-dollars per token in one dollar per million tokens."""
_LONGEST_LIST = 30.0
"""Seconds for one provider to list its models."""
_ID_CELL = 200


class Offering(Protocol):
    """What can be asked for the models of its providers."""

    async def offers(self, provider: str) -> Sequence[str]: ...


async def list_models(config: Config, *, offline: bool) -> int:
    """What is configured, then what each provider's server offers; 1 if no model can be used."""
    async with wiring.store(config) as store, wiring.models(config, store) as models:
        rows: list[tuple[str, ...]] = [
            ("MODEL", "PROVIDER", "WINDOW", "MAX OUTPUT", "$/M IN", "$/M OUT", "TOKENS", "STATE")
        ]
        rows += [_row(model, models.get(model.id).spec, models.unusable().get(model.id)) for model in config.models]
        put(columns(rows))
        if not offline:
            for text in await asyncio.gather(*(_offered(models, name) for name in models.providers())):
                put(text)
        return 0 if models.names() else 1


async def describe_model(config: Config, name: str) -> int:
    """Everything known about one model, with what its server taught us; 1 if it is not configured."""
    model = next((model for model in config.models if model.id == name), None)
    if model is None:
        complain(f"models: expected one of {', '.join(model.id for model in config.models)}, got {plain(name)}")
        return 1
    async with wiring.store(config) as store, wiring.models(config, store) as models:
        facts = (await store.facts()).get(name, ModelFacts())
        why = models.unusable().get(name)
        known = [] if why else _known(models.get(name).spec)
        put(columns([*_named(model), ("state", f"off: {why}" if why else "usable"), *known, *_learnt(facts)]))
    return 0


async def list_inbox(config: Config) -> int:
    async with wiring.store(config) as store:
        depth, aside = await store.depth(), await store.aside()
    put(f"{depth.queued} queued, {depth.running} running, {depth.aside} set aside")
    if aside:
        put(columns([("ID", "SET ASIDE", "ATTEMPTS", "CONVERSATION", "REASON"), *map(_aside_row, aside)]))
    return 0


async def retry(config: Config, turn: str) -> int:
    async with wiring.store(config) as store:
        return _done(turn, found=await store.requeue(TurnId(turn)), what="is in its queue again")


async def drop(config: Config, turn: str) -> int:
    async with wiring.store(config) as store:
        return _done(turn, found=await store.drop(TurnId(turn)), what="is dropped")


def _done(turn: str, *, found: bool, what: str) -> int:
    if found:
        put(f"{plain(turn, _ID_CELL)} {what}")
    else:
        complain(f"inbox: {plain(turn, _ID_CELL)} is not among the turns that were set aside")
    return 0 if found else 1


def _aside_row(turn: SetAside) -> tuple[str, ...]:
    at = datetime.fromtimestamp(turn.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (turn.turn, at, str(turn.attempts), turn.conversation, turn.reason)


def _row(model: ModelConfig, spec: ModelSpec, why: str | None) -> tuple[str, ...]:
    if why is not None:
        return (model.id, model.provider, *("–",) * 5, f"off: {why}")
    paid = _dollars(spec.price)
    counts = "exact" if spec.exact else "estimated"
    return (model.id, model.provider, f"{spec.window}", f"{spec.max_output}", paid[0], paid[1], counts, "usable")


def _dollars(price: Price | None) -> tuple[str, str, str]:
    """US dollars per million tokens: input, output, cached input."""
    if price is None:
        return ("–", "–", "–")
    fresh, answer, cached = (f"{nano / _PER_MILLION:g}" for nano in (price.input, price.output, price.cached))
    return (fresh, answer, cached)


def _named(model: ModelConfig) -> list[tuple[str, str]]:
    return [("model", model.id), ("provider", model.provider), ("name there", model.model or model.id)]


def _known(spec: ModelSpec) -> list[tuple[str, str]]:
    fresh, answer, cached = _dollars(spec.price)
    how = "exactly" if spec.exact else f"by an estimate, times {spec.factor:.2f}"
    return [
        ("window", f"{spec.window} tokens"),
        ("max output", f"{spec.max_output} tokens"),
        ("counted in", f"{spec.encoding.value}, {how}"),
        ("price", f"{fresh} in, {answer} out, {cached} cached, US dollars per million tokens"),
    ]


def _learnt(facts: ModelFacts) -> list[tuple[str, str]]:
    """What the server taught us; nothing, in one line, where it has not."""
    learnt = [
        ("window learnt", f"{facts.window} tokens" if facts.window else ""),
        ("factor learnt", f"{facts.factor:.2f}" if facts.factor else ""),
        ("refuses", ", ".join(facts.refused)),
        ("renamed", ", ".join(f"{old} to {new}" for old, new in _sorted(facts.renamed))),
    ]
    return [row for row in learnt if row[1]] or [("learnt", "nothing yet")]


def _sorted(renamed: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(renamed.items())


async def _offered(models: Offering, provider: str) -> str:
    try:
        async with wiring.clock().watchdog(_LONGEST_LIST):
            names = await models.offers(provider)
    except ModelError as problem:
        return f"\n{plain(provider)}: does not list its models: {plain(str(problem), _ID_CELL)}"
    except TimeoutError:
        return f"\n{plain(provider)}: no answer within {_LONGEST_LIST:.0f} s"
    return "\n".join([f"\n{plain(provider)} offers {len(names)}:", *(f"  {plain(name, _ID_CELL)}" for name in names)])

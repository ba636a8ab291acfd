"""What servers taught us about our models, at hand and in the store."""

from __future__ import annotations

from typing import Any

import structlog

from core.domain import ModelFacts
from core.errors import StoreError
from core.ports import Facts

log = structlog.get_logger(__name__)


class FactsMemory:
    """The learnt facts of all models. A store that cannot keep one now costs learning it again, never an answer."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[str, ModelFacts] = {}

    async def load(self) -> None:
        try:
            self._known = await self._facts.facts()
        except StoreError as error:
            log.warning("facts.not_read", error=str(error))

    def about(self, model: str) -> ModelFacts:
        return self._known.get(model, _NOTHING)

    async def learn(self, model: str, facts: ModelFacts) -> None:
        if facts == self.about(model):
            return
        self._known[model] = facts
        log.info("model.learnt", model=model, **_told(facts))
        try:
            await self._facts.learn(model, facts)
        except StoreError as error:
            log.warning("facts.not_kept", model=model, error=str(error))


_NOTHING = ModelFacts()


def _told(facts: ModelFacts) -> dict[str, Any]:
    return {"window": facts.window, "factor": facts.factor, "refused": facts.refused, "renamed": dict(facts.renamed)}

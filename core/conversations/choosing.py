"""Which models may answer a question, and which one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.conversations.admitting import Admission
from core.domain import Answer, Incoming, Turn
from core.errors import ModelNone
from core.ports import Budgets, LanguageModel, Models


@dataclass(frozen=True, slots=True)
class Chosen:
    """candidates: to be asked in this order. instead_of: the model that was chosen, where it is not to answer; barred:
    because who asks may not use it."""

    candidates: tuple[LanguageModel, ...]
    instead_of: str = ""
    barred: bool = False

    @property
    def model(self) -> str:
        return self.candidates[0].spec.id

    def noted(self, answer: Answer) -> Answer:
        return replace(answer, instead_of=self.instead_of, barred=self.barred) if self.instead_of else answer


class Choosing:
    def __init__(self, models: Models, budgets: Budgets, admission: Admission) -> None:
        self._models = models
        self._budgets = budgets
        self._admission = admission

    async def choose(self, turn: Turn, fallback: Sequence[str]) -> Chosen:
        """Of the models that may answer *turn*, with those of *fallback* behind the first. Raises ModelNone and
        StoreError."""
        permitted = await self._permitted(turn.incoming)
        named = turn.incoming.model or turn.conversation.model
        barred = named in self._models.names() and named not in permitted
        wanted = named if named in permitted else permitted[0]
        asked = await self._affordable(turn, wanted, permitted)
        others = [name for name in fallback if name in permitted]
        candidates = tuple(self._models.get(name) for name in dict.fromkeys([asked, *others]))
        return Chosen(candidates, named if barred else wanted if asked != wanted else "", barred)

    async def _permitted(self, incoming: Incoming) -> tuple[str, ...]:
        """The models that may answer, at least one. Raises ModelNone."""
        names = self._models.names()
        if not names:
            return (self._models.get("").spec.id,)  # which says by itself why it cannot be used
        access = await self._admission.access()
        permitted = access.models(incoming, names)
        if not permitted:
            raise ModelNone("none of the models that are allowed there can be used")
        return permitted

    async def _affordable(self, turn: Turn, wanted: str, permitted: Sequence[str]) -> str:
        """The model *wanted*, or the one to ask where little is left of a budget, if that one is cheaper."""
        spec = self._models.get(wanted).spec
        other = self._models.get(await self._budgets.choose(turn, spec)).spec
        is_cheaper = other.price and spec.price and other.price.output < spec.price.output
        return other.id if is_cheaper and other.id in permitted else wanted

"""How one turn comes to ask a model: a place in the line for it, and money for the call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from core.conversations.admitting import Admission
from core.domain import ModelSpec, Prompt, Turn, Usage
from core.limits.lines import Lines, Tell
from core.ports import Budgets
from core.tracing import Step
from core.watching import Watch


@dataclass(frozen=True, slots=True)
class Queueing:
    """`core.conversations.asking.Admit` for *turn*. tell: its number in line."""

    admission: Admission
    budgets: Budgets
    lines: Lines
    turn: Turn
    tell: Tell
    watch: Watch

    @asynccontextmanager
    async def __call__(self, spec: ModelSpec, prompt: Prompt, so_far: Usage) -> AsyncIterator[Prompt]:
        """Who has nothing left is told before waiting; what a call may cost is set aside when it can be made. The place
        in line is that of the question, however often it is tried. Who was blocked meanwhile is not answered, unless the
        answer has begun."""
        if spec.id in self.lines:
            await self.budgets.check(self.turn, spec, prompt, so_far)
        async with AsyncExitStack() as held:
            with self.watch.step(Step.PLACE):
                await held.enter_async_context(self.lines.place(spec.id, self.turn.incoming.sent_at, self.tell))
            with self.watch.step(Step.RESERVE):
                affordable = await self.budgets.reserve(self.turn, spec, prompt, so_far)
            if not so_far.calls:
                await self.admission.admit(self.turn.incoming)
            yield affordable

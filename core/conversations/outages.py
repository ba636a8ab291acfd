"""Knowing that a model's server is down, from what happened to everybody who asked."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ModelBusy, ModelError

CERTAIN = 10
"""Calls in a row that failed, of whatever conversations: fewer may be one person's bad luck."""
LASTS = 30.0
"""Seconds without any answer, after which asking again is no use to whoever waits for one."""
OVER = 60.0
"""Seconds without any call, after which nothing is known any more."""


@dataclass(slots=True)
class _Failing:
    """since, last: when the first and the last call of a row failed; monotonic seconds."""

    since: float
    last: float
    calls: int = 0


class Outages:
    """A server that says when to come again is there."""

    def __init__(self) -> None:
        self._failing: dict[str, _Failing] = {}

    def answered(self, model: str) -> None:
        self._failing.pop(model, None)

    def failed(self, model: str, problem: ModelError, now: float) -> None:
        if isinstance(problem, ModelBusy):
            return
        known = self._failing.get(model)
        if known is None or now - known.last > OVER:
            known = self._failing[model] = _Failing(now, now)
        known.last = now
        known.calls += 1

    def lasts(self, model: str, moment: float) -> bool:
        """Whether *model* will be down for so long, at *moment*, that nobody is to wait until then to ask it again."""
        known = self._failing.get(model)
        return known is not None and known.calls >= CERTAIN and moment - known.since > LASTS

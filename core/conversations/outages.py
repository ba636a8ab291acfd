"""Knowing that a model's server is down, from what happened to everybody who asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import structlog

from core.errors import ModelBusy, ModelError
from core.limits.repeats import Repeats

log = structlog.get_logger(__name__)

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


class Failing:
    """What the log is told of models that fail."""

    def __init__(self) -> None:
        self._failing: defaultdict[str, Repeats] = defaultdict(Repeats)

    def answered(self, model: str) -> None:
        self._failing.pop(model, None)

    def gave_up(self, model: str, problem: ModelError) -> None:
        """Somebody asks *model* no more, because of the *problem*."""
        error = type(problem).__name__
        self._failing[model].warn(log, "model.failed", model=model, error=error, detail=problem.detail)

"""Metrics in the format of Prometheus. Each `Metrics` has a registry of its own; nothing here is global."""

from __future__ import annotations

import math
from collections.abc import Sequence

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from core.domain import InboxDepth, Usage
from core.tracing import Untraced
from core.watching import Checked, Ending, Exposition, Phase, Subject

WAITS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)
"""Seconds: the buckets of waiting times, from what nobody notices to a platform's penalty."""
OPERATORS = ("ModelKeyRefused", "ModelNoCredit", "ModelNone")
"""Errors that only the operator can mend. They are counted from 0 on, as is how turns end on a platform that is served:
what appears with its first 1 has not increased for Prometheus, and nobody would be called."""
_NANO = 1e-9


class Metrics(Untraced):
    """`core.watching.Watch`, which counts. What the names mean stands in their help, and in docs/operations.md."""

    def __init__(self) -> None:
        # Without it every series has another one beside it, of the time when it began.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types for it
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._queue = self._gauge("queue_turns", "Turns in the store, by state", "state")
        self._oldest = self._gauge("queue_oldest_seconds", "Age of the message that waits longest")
        self._store = self._gauge("store_up", "Whether the store answered when this was asked")
        self._writable = self._gauge("store_writable", "Whether the store took something new when this was asked")
        self._open = self._gauge("open", "What is open in this process, by kind", "kind")
        self._lines = self._gauge("provider_calls", "Calls of a provider that takes only so many", "provider", "state")
        self._served = self._gauge("platform_served", "Whether a platform is served that is to be", "platform")
        self._waits = Histogram(
            "parlour_turn_wait_seconds",
            "Waiting times of answers, by phase",
            ("platform", "phase"),
            registry=self._registry,
            buckets=WAITS,
        )
        self._endings = self._counter("turns", "Claims of turns that ended, by how", "platform", "ending")
        self._errors = self._counter("errors", "Errors that people read", "error")
        for error in OPERATORS:
            self._errors.labels(error)
        self._calls = self._counter("model_calls", "Calls of models that gave an answer", "model")
        self._tokens = self._counter("model_tokens", "Tokens, by kind", "model", "kind")
        self._cost = self._counter("model_cost_dollars", "What answers cost", "model")
        self._repeats = self._counter(
            "model_retries", "Calls of models that failed and were tried again", "model", "error"
        )
        self._checks = Histogram(
            "parlour_moderation_seconds",
            "Checks of texts by the moderation service, by what came of them",
            ("subject", "checked"),
            registry=self._registry,
            buckets=WAITS,
        )
        self._penalties = self._counter("platform_penalties", "Times a platform asked for a pause", "platform")
        self._pauses = self._counter("platform_penalty_seconds", "Seconds of pause that were asked for", "platform")
        self._refusals = self._counter("platform_retries", "Writes that failed and were tried again", "platform")

    def waited(self, lane: str, phase: Phase, seconds: float) -> None:
        self._waits.labels(platform_of(lane), phase).observe(max(0.0, seconds))

    def ended(self, lane: str, ending: Ending) -> None:
        self._endings.labels(platform_of(lane), ending).inc()

    def failed(self, error: str) -> None:
        self._errors.labels(error).inc()

    def asked(self, model: str, usage: Usage) -> None:
        self._calls.labels(model).inc(usage.calls)
        kinds = {
            "prompt": usage.prompt - usage.cached,
            "cached": usage.cached,
            "written": usage.completion - usage.reasoning,
            "reasoning": usage.reasoning,
        }
        for kind, tokens in kinds.items():
            self._tokens.labels(model, kind).inc(max(0, tokens))
        self._cost.labels(model).inc((usage.cost or 0) * _NANO)

    def asked_again(self, model: str, error: str) -> None:
        self._repeats.labels(model, error).inc()

    def penalised(self, platform: str, seconds: float) -> None:
        self._penalties.labels(platform).inc()
        self._pauses.labels(platform).inc(max(0.0, seconds))

    def refused(self, platform: str) -> None:
        self._refusals.labels(platform).inc()

    def served(self, platform: str, *, on: bool) -> None:
        self._served.labels(platform).set(on)
        for ending in Ending:
            self._endings.labels(platform, ending)

    def moderated(self, subject: Subject, checked: Checked, seconds: float) -> None:
        self._checks.labels(subject, checked).observe(seconds)

    def opened(self, kind: str, change: int) -> None:
        self._open.labels(kind).inc(change)

    def lined_up(self, provider: str, waiting: int, inside: int) -> None:
        for state, calls in (("waiting", waiting), ("running", inside)):
            self._lines.labels(provider, state).set(calls)

    def kept(self, writable: bool | None) -> None:
        """Whether the store takes what is new; None: it is away."""
        self._writable.set(math.nan if writable is None else writable)

    def exposition(self, depth: InboxDepth | None, now: float) -> Exposition:
        """With the queue as it is at the time *now*; None: the store could not say."""
        self._store.set(depth is not None)
        states = {"waiting": depth.queued, "running": depth.running, "set_aside": depth.aside} if depth else {}
        for state in ("waiting", "running", "set_aside"):
            self._queue.labels(state).set(states.get(state, math.nan))
        self._oldest.set(_age(depth, now))
        return Exposition(CONTENT_TYPE_LATEST, generate_latest(self._registry))

    def _gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        return Gauge(f"parlour_{name}", help_, _labels(labels), registry=self._registry)

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"parlour_{name}", help_, _labels(labels), registry=self._registry)


def _labels(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(labels)


def platform_of(lane: str) -> str:
    """A terminal's lane names its conversation too."""
    return lane.partition(":")[0]


def _age(depth: InboxDepth | None, now: float) -> float:
    """Seconds for which the message that waits longest has waited; no number where the store could not say."""
    if depth is None:
        return math.nan
    return 0.0 if depth.oldest is None else max(0.0, now - depth.oldest)

"""Traces: the course of every turn, as OpenTelemetry shows it. `bots.wiring` loads this where `telemetry.traces` is set.

What people say is in them only where `telemetry.content` allows it, and never who they are: a conversation goes by a name
that only this store can make of it. The log's lines of a turn have its trace.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from hashlib import blake2b

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import default_setter
from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from core.config_models import ModelConfig, ProviderConfig
from core.config_telemetry import TelemetryConfig
from core.domain import Turn, Usage
from core.ports import Clock, LanguageModel
from core.telemetry.calls import Caller, TracedModel
from core.telemetry.exporting import open_tracer
from core.telemetry.metrics import Metrics, platform_of
from core.telemetry.spans import Fact, Kept, Lasting, fail
from core.tracing import Step
from core.watching import Checked, Ending, Phase, Subject

HEADER = "traceparent"
_PROPAGATOR = TraceContextTextMapPropagator()
_NANO = 1e-9


@asynccontextmanager
async def open_traces(config: TelemetryConfig, clock: Clock, key: str) -> AsyncIterator[TracedMetrics]:
    """Metrics that trace as well, until the block ends. *key*: what the store keeps secret."""
    async with open_tracer(config, clock) as tracer:
        yield TracedMetrics(tracer, config, clock, key)


class TracedMetrics(Metrics):
    """`Watch` and `Observer`. What a turn's task tells meanwhile is noted at the turn."""

    def __init__(self, tracer: Tracer, config: TelemetryConfig, clock: Clock, key: str) -> None:
        super().__init__()
        self._tracer = tracer
        self._config = config
        self._clock = clock
        self._key = key.encode()[: blake2b.MAX_KEY_SIZE]

    @contextmanager
    def turn(self, turn: Turn) -> Iterator[None]:
        incoming = turn.incoming
        facts: dict[str, Fact] = {
            "gen_ai.conversation.id": self._pseudonym(incoming.conversation),
            "parlour.turn": self._pseudonym(turn.id),
            "parlour.platform": platform_of(incoming.lane),
            "parlour.attempt": turn.attempt,
            "parlour.waited": round(max(0.0, self._clock.now() - incoming.sent_at), 6),
        }
        with (
            Lasting(self._tracer, self._clock, Kept("turn", SpanKind.CONSUMER, facts, _within(incoming.trace))) as span,
            span.around(),
            structlog.contextvars.bound_contextvars(trace=span.trace),
        ):
            yield

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        with Lasting(self._tracer, self._clock, Kept(step.value)) as span, span.around():
            yield

    @contextmanager
    def request(self, route: str, traceparent: str) -> Iterator[None]:
        facts: dict[str, Fact] = {"http.request.method": "POST", "http.route": route}
        kept = Kept(f"POST {route}", SpanKind.SERVER, facts, _within(traceparent))
        with Lasting(self._tracer, self._clock, kept) as span, span.around():
            yield

    @property
    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, setter=default_setter)
        return carrier.get(HEADER, "")

    def observed(self, model: LanguageModel, config: ModelConfig, provider: ProviderConfig | None) -> LanguageModel:
        caller = Caller(self._tracer, self._clock, self._config.content)
        return TracedModel(model, caller, config, provider)

    def headers(self) -> Mapping[str, str]:
        return {HEADER: self.traceparent} if self._config.propagate else {}

    def waited(self, lane: str, phase: Phase, seconds: float) -> None:
        super().waited(lane, phase, seconds)
        if phase is Phase.FIRST_WORD:
            self._note("first word")

    def ended(self, lane: str, ending: Ending) -> None:
        super().ended(lane, ending)
        trace.get_current_span().set_attribute("parlour.ending", ending.value)

    def failed(self, error: str) -> None:
        super().failed(error)
        fail(trace.get_current_span(), error)

    def asked(self, model: str, usage: Usage) -> None:
        super().asked(model, usage)
        if usage.cost is not None:
            trace.get_current_span().set_attribute("parlour.cost", usage.cost * _NANO)

    def asked_again(self, model: str, error: str) -> None:
        super().asked_again(model, error)
        self._note("asked again", {"gen_ai.request.model": model, "error.type": error})

    def penalised(self, platform: str, seconds: float) -> None:
        super().penalised(platform, seconds)
        self._note("platform pauses", {"parlour.platform": platform, "parlour.seconds": seconds})

    def refused(self, platform: str) -> None:
        super().refused(platform)
        self._note("platform refuses", {"parlour.platform": platform})

    def moderated(self, subject: Subject, checked: Checked, seconds: float) -> None:
        super().moderated(subject, checked, seconds)
        told = {"parlour.subject": subject.value, "parlour.checked": checked.value, "parlour.seconds": seconds}
        self._note("moderated", told)

    def _note(self, event: str, facts: Mapping[str, Fact] | None = None) -> None:
        trace.get_current_span().add_event(event, dict(facts or {}), round(self._clock.now() / _NANO))

    def _pseudonym(self, name: str) -> str:
        return blake2b(name.encode(), digest_size=12, key=self._key).hexdigest()


def _within(traceparent: str) -> Context | None:
    """The context that the header names; None, that is the one we are in, for one that names none."""
    return _PROPAGATOR.extract({HEADER: traceparent}) if traceparent else None

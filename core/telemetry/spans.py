"""A span of a trace, from the beginning of a block to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, format_trace_id, set_span_in_context

from core.ports import Clock

Fact = str | bool | int | float | list[str]
_NANO = 1_000_000_000
ERROR = "error.type"
CANCELLED = "parlour.cancelled"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a span is begun with. parent: the context that it lies in; None: the one it is begun in."""

    name: str
    kind: SpanKind = SpanKind.INTERNAL
    facts: Mapping[str, Fact] = field(default_factory=dict)
    parent: Context | None = None


class Lasting(AbstractContextManager["Lasting"]):
    """``with Lasting(…) as span``: timed by *clock*, whose wall may be set while it lasts. What leaves the block as an error
    is its error; the error's own words are not, as they may quote somebody."""

    def __init__(self, tracer: Tracer, clock: Clock, kept: Kept) -> None:
        self._clock = clock
        self._began, self._since = round(clock.now() * _NANO), clock.monotonic()
        self.span: Span = tracer.start_span(kept.name, kept.parent, kept.kind, dict(kept.facts), start_time=self._began)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, asyncio.CancelledError | GeneratorExit):
            self.span.set_attribute(CANCELLED, True)
        elif error is not None and not _has_failed(self.span):
            fail(self.span, type(error).__name__)
        self.span.end(self._now)

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return self._clock.monotonic() - self._since

    @property
    def trace(self) -> str:
        """The trace's id, as people read it."""
        return format_trace_id(self.span.get_span_context().trace_id)

    def around(self) -> Around:
        """A block in which further spans lie within this one."""
        return Around(self.span)

    @property
    def _now(self) -> int:
        return self._began + round(self.seconds * _NANO)


class Around(AbstractContextManager[None]):
    def __init__(self, span: Span) -> None:
        self._span = span
        self._token: Token[Context] | None = None

    def __enter__(self) -> None:
        self._token = context.attach(set_span_in_context(self._span))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            context.detach(self._token)


def _has_failed(span: Span) -> bool:
    """Whether the error is known by a better name."""
    return isinstance(span, ReadableSpan) and span.status.status_code is StatusCode.ERROR


def fail(span: Span, error: str) -> None:
    span.set_attribute(ERROR, error)
    span.set_status(Status(StatusCode.ERROR))

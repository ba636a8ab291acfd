"""A collector of traces: what OTLP/HTTP brings, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class Spanned:
    """A span as a collector has it. began, ended: nanoseconds of Unix time. events: the facts of each, by its name."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    facts: Mapping[str, Any]
    events: Mapping[str, Mapping[str, Any]]
    service: str
    began: int
    ended: int
    failed: bool


@dataclass
class Collector:
    """Use as ``async with``; `url` is what a configuration names. status: of the answers to what comes."""

    status: int = 200
    spans: list[Spanned] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def named(self, name: str) -> list[Spanned]:
        return sorted((span for span in self.spans if span.name == name), key=lambda span: span.began)

    def one(self, name: str) -> Spanned:
        (span,) = self.named(name)
        return span

    def within(self, span: Spanned) -> list[str]:
        """The names of the spans directly within it, in the order in which they began."""
        inner = sorted((other for other in self.spans if other.parent == span.id), key=lambda other: other.began)
        return [other.name for other in inner]

    async def _take(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        if self.status == 200:
            self._decode(await request.read())
        return web.Response(status=self.status)

    def _decode(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = str(_facts(resource.resource.attributes)["service.name"])
            self.spans += [_span(sent, service) for scope in resource.scope_spans for sent in scope.spans]


def _span(sent: Sent, service: str) -> Spanned:
    return Spanned(
        name=sent.name,
        kind=Sent.SpanKind.Name(sent.kind).removeprefix("SPAN_KIND_"),
        trace=sent.trace_id.hex(),
        id=sent.span_id.hex(),
        parent=sent.parent_span_id.hex(),
        facts=_facts(sent.attributes),
        events={event.name: _facts(event.attributes) for event in sent.events},
        service=service,
        began=sent.start_time_unix_nano,
        ended=sent.end_time_unix_nano,
        failed=sent.status.code == Status.STATUS_CODE_ERROR,
    )


def _facts(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)

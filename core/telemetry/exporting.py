"""Where traces go: an OTLP/HTTP collector. One that is away costs nobody a moment: what does not fit the queue is dropped,
and one line in the log says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager

import structlog
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Tracer

from core.config_telemetry import TelemetryConfig
from core.ports import Clock

log = structlog.get_logger(__name__)

PATH = "/v1/traces"
"""Below a collector's address. Source: OTLP Specification, "OTLP/HTTP Request"."""
QUEUE = 4096
"""Spans that wait to be sent: of some 400 turns. Those that come while it is full take the place of the oldest."""
BATCH = 512
"""Spans in one request at most."""
EVERY = 2.0
"""Seconds between two requests."""
LONGEST = 4.0
"""Seconds that one request may take, with its repetitions."""
FLUSH = 5.0
"""Seconds that the last spans get when the process ends."""
LATE = "the process ended first"
_NOISY = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")
"""Loggers with a line for each request that fails, and for each span that is dropped."""


@asynccontextmanager
async def open_tracer(config: TelemetryConfig, clock: Clock) -> AsyncIterator[Tracer]:
    """Until the block ends, spans are sent to `config.traces`."""
    with _quiet() as reasons:
        outlet = Outlet(_exporter(config), config.traces or "", reasons)
        processor = BatchSpanProcessor(
            outlet, max_queue_size=QUEUE, schedule_delay_millis=EVERY * 1000, max_export_batch_size=BATCH
        )
        provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(config.sample)),
            resource=Resource.create({"service.name": config.service}),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(processor)
        try:
            yield provider.get_tracer("parlour")
        finally:
            await _leave(provider, outlet, clock)


async def _leave(provider: TracerProvider, outlet: Outlet, clock: Clock) -> None:
    """Sends what is left, for a while. The thread that does it ends in any case, as a loop waits for its threads."""
    ending = asyncio.ensure_future(asyncio.to_thread(provider.shutdown))
    try:
        async with clock.watchdog(FLUSH):
            await asyncio.shield(ending)
    except TimeoutError:
        outlet.shutdown()
        await ending


class Outlet(SpanExporter):
    """*exporter*, of whose troubles the log has one line until they are over."""

    def __init__(self, exporter: SpanExporter, address: str, reasons: Reasons) -> None:
        self._exporter = exporter
        self._address = address
        self._reasons = reasons
        self._is_away = False
        self._is_closed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE if self._is_closed else self._exporter.export(spans)
        is_away = result is not SpanExportResult.SUCCESS
        if is_away and not self._is_away:
            log.warning("traces.not_sent", to=self._address, detail=self._reasons.last or LATE)
        elif self._is_away and not is_away:
            log.info("traces.sent_again", to=self._address)
        self._is_away = is_away
        return result

    def shutdown(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._exporter.shutdown()


class Reasons(logging.Filter):
    """Keeps a library's lines from the log; the last of them is our own line's detail."""

    last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.last = record.getMessage()
        return False


@contextmanager
def _quiet() -> Iterator[Reasons]:
    reasons = Reasons()
    with ExitStack() as restoring:
        for logger in map(logging.getLogger, _NOISY):
            logger.addFilter(reasons)
            restoring.callback(logger.removeFilter, reasons)
        yield reasons


def _exporter(config: TelemetryConfig) -> OTLPSpanExporter:
    base = (config.traces or "").rstrip("/")
    return OTLPSpanExporter(
        endpoint=base if base.endswith(PATH) else base + PATH,
        headers=dict(config.headers),
        timeout=LONGEST,
        compression=Compression.Gzip,
    )

"""One line per event on standard error: for people on a terminal, JSON elsewhere.

Turn and conversation ids come from structlog's context variables. Two things never reach a line: a configured secret, in
whatever text it hides, and, unless `log.content` allows it, the text of a message.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import Processor

from core import redaction

CONTENT_KEYS = frozenset({"text", "content", "prompt", "question", "answer"})
"""Names of values that hold message text: an event that carries any uses one of them."""
FOREIGN = ("httpx", "httpx2", "httpcore", "httpcore2", "openai", "redis", "asyncio", "discord", "telegram", "aiohttp")
"""Libraries' loggers: their warnings are news, their chatter is not."""
_QUIET = logging.WARNING
ANNOUNCEMENTS = "parlour"
"""The logger of what an operator is told whatever the level is."""

Event = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """secrets: values that are blotted out wherever they stand. content: message text may be logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "human", "json"] = "auto"
    content: bool = False
    secrets: tuple[str, ...] = ()


def set_up(policy: LogPolicy, stream: TextIO | None = None) -> None:
    """Sends our events and the libraries' to *stream* (None: standard error). A later call replaces an earlier one."""
    target = stream or sys.stderr
    human = policy.format == "human" or (policy.format == "auto" and target.isatty())
    shared = _shared(policy)
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(policy, human, target)],
        )
    )
    level = logging.getLevelNamesMapping()[policy.level.upper()]
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in FOREIGN:
        logging.getLogger(name).setLevel(max(level, _QUIET))
    logging.getLogger(ANNOUNCEMENTS).setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared(policy: LogPolicy) -> list[Processor]:
    steps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return steps if policy.content else [*steps, _without_content]


def _last(policy: LogPolicy, human: bool, target: TextIO) -> list[Processor]:
    """Exceptions become text before secrets are looked for; one event stays one line also with a traceback in it."""
    redaction.forget()
    redaction.hide(policy.secrets)
    if not human:
        render: Processor = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        return [structlog.processors.format_exc_info, _redacted, render]
    console = structlog.dev.ConsoleRenderer(colors=target.isatty(), pad_event_to=0)
    return [structlog.processors.format_exc_info, _one_line, _redacted, console]


def _without_content(_logger: Any, _method: str, event: Event) -> Event:
    for key in CONTENT_KEYS & event.keys():
        event[key] = f"{len(str(event[key]))} characters"
    return event


def _one_line(_logger: Any, _method: str, event: Event) -> Event:
    """A library's own line breaks are taken out, and a traceback is the last thing on the event's line."""
    event["event"] = _joined(event.get("event", ""))
    if trace := event.pop("exception", None):
        event["trace"] = _joined(trace)
    return event


def _joined(text: object) -> str:
    return " | ".join(line.strip() for line in str(text).splitlines() if line.strip())


def _redacted(_logger: Any, _method: str, event: Event) -> Event:
    return {key: redaction.clean(value) for key, value in event.items()}

"""What is left of a process that falls over: one line without secrets, and no image of its memory."""

from __future__ import annotations

import resource
import sys
from types import TracebackType

import structlog

log = structlog.get_logger(__name__)


def guard() -> None:
    """An image of the memory would hold every key and what people are saying. A child inherits that."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def report_to_log() -> None:
    """From now on an error that nobody caught is one event of the log: Python would print it with whatever it quotes."""
    sys.excepthook = _report


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("process.crashed", exc_info=(kind, error, trace))

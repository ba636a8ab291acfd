"""What happens again and again, as far as the log is to tell of it."""

from __future__ import annotations

import logging

from structlog.stdlib import BoundLogger

from core.limits.rates import is_news


class Repeats:
    """How often it happened in a row. Whoever waits for something, or wants to fill a disk, tries a thousand times."""

    def __init__(self) -> None:
        self._times = 0

    def warn(self, log: BoundLogger, event: str, **told: object) -> None:
        """It happened once more: a warning the first time, the second, the fourth, …, and for debugging each time."""
        self._times += 1
        log.log(logging.WARNING if is_news(self._times) else logging.DEBUG, event, times=self._times, **told)

    def over(self) -> None:
        """The next time is the first one again."""
        self._times = 0

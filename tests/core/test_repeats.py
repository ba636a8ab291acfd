"""What happens again and again does not fill the log."""

from __future__ import annotations

import structlog
from structlog.testing import capture_logs

from core.limits.repeats import Repeats

log = structlog.get_logger(__name__)


def test_the_log_tells_of_it_ever_more_rarely_until_it_is_over() -> None:
    repeats = Repeats()
    with capture_logs() as lines:
        for _ in range(9):
            repeats.warn(log, "away", detail="gone")
        repeats.over()
        repeats.warn(log, "away", detail="gone again")
    warnings = [(line["times"], line["detail"]) for line in lines if line["log_level"] == "warning"]
    assert warnings == [(1, "gone"), (2, "gone"), (4, "gone"), (8, "gone"), (1, "gone again")]
    assert len(lines) == 10

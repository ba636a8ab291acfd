"""Answers that stay open: so many for each visitor, and none of them longer than the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

from core.watching import Watch

MOST = 16
"""Open at once for one visitor: as many tabs as somebody looks at."""


class Streams:
    def __init__(self, watch: Watch, most: int = MOST) -> None:
        self._watch = watch
        self._most = most
        self._open: Counter[str] = Counter()

    @contextmanager
    def entered(self, visitor: str) -> Iterator[None]:
        """One more for the *visitor* until the block ends. Raises HTTPException (429) where there are too many."""
        if self._open[visitor] >= self._most:
            raise HTTPException(429, headers={"Retry-After": "5"})
        self._open[visitor] += 1
        self._watch.opened("streams", 1)
        try:
            yield
        finally:
            self._watch.opened("streams", -1)
            self._open[visitor] -= 1
            if not self._open[visitor]:
                del self._open[visitor]

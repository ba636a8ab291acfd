"""What both backends know of tallies."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain_limits import Tally, Whose
from core.stores.codec import Codec

TALLY_MEMORY = 62
"""Days for which a tally is kept: this month and the one before."""
SEEN_MEMORY = 31
"""Days for which it is known that somebody asked."""
DAY = 86_400.0
TALLY_RECORD = "tally"
SEEN_RECORD = "seen"


@dataclass(frozen=True, slots=True)
class SeenRow:
    """Somebody, under a name that tells nobody who it is, and the last day on which they asked; as it is copied."""

    whose: Whose
    name: str
    day: str


TALLY_ROW = Codec(Tally)
SEEN_ROW = Codec(SeenRow)

"""What both backends know of purses."""

from __future__ import annotations

from dataclasses import dataclass

from core.stores.codec import Codec

SETTLED_MEMORY = 7 * 86_400
"""Seconds for which a key stays settled, as long as an event is remembered (`core.ports.Inbox.put`)."""
PURSE_MEMORY = 2 * 86_400.0
"""Seconds after its period for which a purse is kept: answers that began in it may still end."""
ADMITTED_MEMORY = 86_400
"""Seconds for which a key that was admitted is (`core.ports_limits.Paces`)."""
PURSE_RECORD = "purse"


@dataclass(frozen=True, slots=True)
class PurseRow:
    """What is spent of a purse, as it is copied; reservations stay behind. until: the end of its period, Unix seconds."""

    name: str
    spent: int
    until: float


PURSE_ROW = Codec(PurseRow)

"""What both backends know of what admins have said."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain_limits import Ruling
from core.stores.codec import Codec

RULING_RECORD = "ruling"


@dataclass(frozen=True, slots=True)
class RulingRow:
    """As it is copied."""

    subject: str
    ruling: Ruling


RULING_ROW = Codec(RulingRow)

"""What a moderation service finds in a text, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a text is refused, as finely as people are told."""

    HARASSMENT = "harassment"
    HATE = "hate"
    ILLICIT = "illicit"
    SELF_HARM = "self_harm"
    SEXUAL = "sexual"
    VIOLENCE = "violence"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Verdict:
    """reason: None where nothing is found that would be refused. detail: what was found in the service's own words, for
    the operator's log; no text of anybody's is in it."""

    reason: Reason | None = None
    detail: str = ""

"""The configuration of moderation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.config_fields import Name, Number, Seconds
from core.config_platforms import Section

Category = Literal[
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
]
"""Source: OpenAI API reference, "Moderations"."""


class ModerationConfig(Section):
    """provider: one of `providers`, with a Moderations API like OpenAI's; left out: nothing is checked. model: its name
    there. questions: whether what people ask is checked before a model is asked. answers: whether what models answer is
    checked before anybody sees it. on_failure: whether what cannot be checked is refused, or let through. timeout: the
    longest a check may take. thresholds: by category, the score from 0 to 1 above which a text is refused; left out: where
    the service flags it."""

    provider: Name | None = None
    model: Name = "omni-moderation-latest"
    questions: bool = True
    answers: bool = True
    on_failure: Literal["refuse", "allow"] = "refuse"
    timeout: Seconds = Field(default=10.0, le=120)
    thresholds: dict[Category, Annotated[Number, Field(ge=0, le=1)]] = Field(default={})

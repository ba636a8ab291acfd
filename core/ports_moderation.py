"""What core asks of a moderation service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain_moderation import Verdict


class Moderator(Protocol):
    async def check(self, texts: Sequence[str], picture: str = "") -> Verdict:
        """What is found in any of the *texts*: at most `MOST_PIECES`, of `LONGEST_PIECE` characters each; or in the *picture*
        at that address, with which at most one text goes. Asks once, for as long as it takes. Raises ModelError; no retry:
        the caller decides about those and about the deadline."""


LONGEST_PIECE = 2000
"""Characters. Source: OpenAI's moderation guide, which advises pieces shorter than that for accuracy."""
MOST_PIECES = 16
"""In one request: 32,000 characters are 32,000 tokens in the worst of languages, and beyond 32,768 OpenAI's service leaves
the rest unread. Source: OpenAI's page of its moderation models."""

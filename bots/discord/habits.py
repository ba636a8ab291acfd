"""How the bot behaves in which channel: what its operator has set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Habits:
    """scope: whose conversation a channel's is, ``shared`` by all or each ``member`` their own; `scopes` says otherwise
    for the channels in it. always: channels in which everything is answered. max_age: seconds back for which is looked
    for what was missed. messages: how many an answer may take before it becomes a file."""

    scope: str = "shared"
    scopes: Mapping[int, str] = field(default_factory=dict)
    always: frozenset[int] = frozenset()
    max_age: float = 3600.0
    messages: int = 10

    def scope_in(self, channel: object) -> str:
        """*channel*: as the library hands it over; a thread follows its channel."""
        ids = [getattr(channel, name, None) or 0 for name in ("id", "parent_id")]
        return next((self.scopes[id_] for id_ in ids if id_ in self.scopes), self.scope)

"""How the bot behaves in which chat: what its operator has set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.config import Config


@dataclass(frozen=True, slots=True)
class Habits:
    """scope: whose conversation a group's is: of the whole group (``shared``), of each ``topic`` in it, or of each
    ``member`` in each topic; `scopes` says otherwise for the chats in it. always: groups in which everything is
    answered. drafts: whether answers grow as previews in private chats (``auto``: where the server can do that).
    messages: how many an answer may take before it becomes a file."""

    scope: str = "topic"
    scopes: Mapping[int, str] = field(default_factory=dict)
    always: frozenset[int] = frozenset()
    drafts: str = "auto"
    messages: int = 10

    def scope_in(self, chat: int, home: int) -> str:
        """home: the chat's id before it moved; the same where it did not."""
        return self.scopes.get(chat) or self.scopes.get(home, self.scope)

    def hears_all(self, chat: int, home: int) -> bool:
        return not self.always.isdisjoint((chat, home))


def habits_of(config: Config) -> Habits:
    settings = config.telegram
    return Habits(
        scope=settings.scope,
        scopes={chat: chosen.scope for chat, chosen in settings.chats.items() if chosen.scope},
        always=frozenset(chat for chat, chosen in settings.chats.items() if chosen.always),
        drafts=settings.drafts,
        messages=settings.max_messages,
    )

"""Who may talk to the bot, and who may run what only admins may."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import ConversationId, Incoming, PersonId


def chat_of(conversation: ConversationId) -> str:
    """The chat that a conversation takes place in, as `Access.chats` names it: ``telegram:-100123`` for a topic's
    ``telegram:-100123/7``."""
    return conversation.split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class Access:
    """Ids as ``discord:123``. Each entry of `users` and `chats` is a grant: a listed person may talk anywhere, anybody
    may talk in a listed chat, admins may always. No grant at all means everybody; no admins means everybody is one.

    restricted: names of commands that only admins may run, besides those that are so by nature.
    """

    users: frozenset[str] = frozenset()
    chats: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()

    def allows(self, incoming: Incoming) -> bool:
        if not self.users and not self.chats:
            return True
        sender, places = incoming.sender.id, {chat_of(incoming.conversation), *incoming.places}
        return sender in self.users or sender in self.admins or not self.chats.isdisjoint(places)

    def is_admin(self, sender: PersonId) -> bool:
        return not self.admins or sender in self.admins

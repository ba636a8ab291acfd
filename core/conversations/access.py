"""Who may talk to the bot, whom it answers with which model, and who may run what only admins may. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.domain import ConversationId, Incoming, PersonId
from core.domain_limits import Ruling
from core.errors import NoAdmins, NotAllowed

EVERYBODY = "everybody"
"""The group of all who belong to no other."""


def chat_of(conversation: ConversationId) -> str:
    """The chat that a conversation takes place in, as `Access.chats` names it: ``telegram:-100123`` for a topic's
    ``telegram:-100123/7``."""
    return conversation.split("/", 1)[0]


def names_of(incoming: Incoming) -> frozenset[str]:
    """By which lists may name who says something, or where."""
    return frozenset({incoming.sender.id, chat_of(incoming.conversation), *incoming.places, *incoming.roles})


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Some people, by ids as ``discord:123``: those listed, all who have a listed role, and whoever speaks in a listed
    chat or server. A chat is also the channel of a thread, and the server of a channel."""

    users: frozenset[str] = frozenset()
    chats: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def holds(self, incoming: Incoming) -> bool:
        return (
            incoming.sender.id in self.users
            or not self.chats.isdisjoint({chat_of(incoming.conversation), *incoming.places})
            or not self.servers.isdisjoint(incoming.places[-1:])
            or not self.roles.isdisjoint(incoming.roles)
        )

    @property
    def is_empty(self) -> bool:
        return not (self.users or self.chats or self.servers or self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Circle):
    """models: what those in it may use."""

    name: str
    models: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access(Circle):
    """Whom it holds may talk; no list at all means everybody. blocked: who may not, whatever else says so, and where
    nobody may. rulings: what admins have said besides: a block is as good as one here, and whom they allow may talk.
    Admins may always, with every model; no admins means nobody is one.

    groups: who may use which models. restricted: names of commands that only admins may run, besides those that are so by
    nature.
    """

    admins: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    groups: tuple[Group, ...] = ()
    restricted: frozenset[str] = frozenset()
    rulings: Mapping[str, Ruling] = field(default_factory=dict)

    def allows(self, incoming: Incoming) -> bool:
        if self.is_admin(incoming.sender.id):
            return True
        if self.blocks(incoming):
            return False
        return self.is_empty or Ruling.ALLOWED in self._said(incoming) or self.holds(incoming)

    def blocks(self, incoming: Incoming) -> bool:
        """Whether somebody said so; who is merely on no list is not blocked."""
        if self.is_admin(incoming.sender.id):
            return False
        return Ruling.BLOCKED in self._said(incoming) or not self.blocked.isdisjoint(names_of(incoming))

    def _said(self, incoming: Incoming) -> set[Ruling]:
        return {self.rulings[name] for name in names_of(incoming) if name in self.rulings}

    def models(self, incoming: Incoming, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the models *names* that may answer: what any group of the sender's allows, or where they are in none,
        the one for everybody; all where there is none such."""
        theirs = [group for group in self.groups if group.name != EVERYBODY and group.holds(incoming)]
        theirs = theirs or [group for group in self.groups if group.name == EVERYBODY]
        if not theirs or self.is_admin(incoming.sender.id):
            return tuple(names)
        return tuple(name for name in names if any(name in group.models for group in theirs))

    def is_admin(self, sender: PersonId) -> bool:
        return sender in self.admins

    def require_admin(self, sender: PersonId) -> None:
        """Raises NotAllowed; NoAdmins where that could be helped."""
        if not self.admins:
            raise NoAdmins(id=sender)
        if not self.is_admin(sender):
            raise NotAllowed

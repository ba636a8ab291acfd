"""What a command is, what it is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from core.conversations.access import Access
from core.conversations.admitting import Admission
from core.conversations.context import ContextReport
from core.conversations.dossier import Records
from core.conversations.exporting import Document
from core.conversations.keeping import Keeping
from core.conversations.personas import Personas
from core.conversations.stats import Statistics
from core.domain import Conversation, ConversationId, Incoming, TurnId
from core.ports import Budgets, History, Inbox, Models
from core.ports_sharing import Shelf
from core.wording import Sentence, say


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a command has to say. choices: values to run the same command with. turn: its answer is on its way; the
    caller shows it like that of any message. removed: the conversation is there no more. forgotten: nor is anything else
    of the sender. private: what it says and gives is for the sender alone."""

    text: str
    choices: tuple[Choice, ...] = ()
    documents: tuple[Document, ...] = ()
    turn: TurnId | None = None
    removed: bool = False
    forgotten: bool = False
    private: bool = False


class ContextReader(Protocol):
    """What commands ask of the conversations. checked_by: the moderation service, or ""."""

    @property
    def checked_by(self) -> str: ...

    async def context(self, conversation: ConversationId, model: str) -> ContextReport: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What commands work on."""

    inbox: Inbox
    history: History
    conversations: ContextReader
    models: Models
    personas: Personas
    shelf: Shelf
    budgets: Budgets
    keeping: Keeping
    admission: Admission
    people: Records
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class Invocation:
    """One use of a command: by whom, where, with what. access: who may what. menu: the commands that the sender may
    run."""

    services: Services
    incoming: Incoming
    access: Access
    menu: tuple[Command, ...] = ()
    argument: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """Those that the sender may use here."""
        return self.access.models(self.incoming, self.services.models.names())

    def model_of(self, conversation: Conversation) -> str:
        """The one that would answer the sender there, as far as who may use it decides that."""
        permitted = self.models
        return conversation.model if conversation.model in permitted else next(iter(permitted), "")

    async def conversation(self) -> Conversation:
        return await self.services.history.conversation(self.incoming.conversation)

    def say(self, sentence: Sentence, **values: object) -> str:
        return say(sentence, self.incoming.sender.language, **values)


Choices = Callable[[Invocation], Awaitable[tuple[Choice, ...]]]


@dataclass(frozen=True, slots=True)
class Command:
    """argument: names the optional argument in menus; None where there is none. choices: all values it can take; with
    *names_anybody* a few of them, since it may be any id, which platforms also write their own way. in_full: a beginning
    of one is not enough. rights: arguments with which it is about what is kept of the sender, so also for who may not talk.
    """

    name: str
    help: Sentence
    run: Callable[[Invocation], Awaitable[Reaction]]
    aliases: tuple[str, ...] = ()
    argument: Sentence | None = None
    choices: Choices | None = None
    admin_only: bool = False
    names_anybody: bool = False
    in_full: bool = False
    rights: frozenset[str] = frozenset()

    def usage(self, language: str) -> str:
        names = ", ".join(f"/{name}" for name in (self.name, *self.aliases))
        return f"{names} [{say(self.argument, language)}]" if self.argument else names

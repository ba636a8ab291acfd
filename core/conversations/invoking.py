"""What a command is, what it is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from core.conversations.context import ContextReport
from core.conversations.exporting import Document
from core.conversations.keeping import Keeping
from core.conversations.personas import Personas
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
    caller shows it like that of any message. removed: the conversation is there no more."""

    text: str
    choices: tuple[Choice, ...] = ()
    documents: tuple[Document, ...] = ()
    turn: TurnId | None = None
    removed: bool = False


class ContextReader(Protocol):
    async def context(self, conversation: ConversationId) -> ContextReport: ...


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


@dataclass(frozen=True, slots=True)
class Invocation:
    """One use of a command: by whom, where, with what. menu: the commands that the sender may run. admin: whether the
    sender is one."""

    services: Services
    incoming: Incoming
    menu: tuple[Command, ...] = ()
    argument: str = ""
    admin: bool = False

    async def conversation(self) -> Conversation:
        return await self.services.history.conversation(self.incoming.conversation)

    def say(self, sentence: Sentence, **values: object) -> str:
        return say(sentence, self.incoming.sender.language, **values)


Choices = Callable[[Invocation], Awaitable[tuple[Choice, ...]]]


@dataclass(frozen=True, slots=True)
class Command:
    """argument: names the optional argument in menus; None where there is none. choices: all values it can take."""

    name: str
    help: Sentence
    run: Callable[[Invocation], Awaitable[Reaction]]
    aliases: tuple[str, ...] = ()
    argument: Sentence | None = None
    choices: Choices | None = None
    admin_only: bool = False

    def usage(self, language: str) -> str:
        names = ", ".join(f"/{name}" for name in (self.name, *self.aliases))
        return f"{names} [{say(self.argument, language)}]" if self.argument else names

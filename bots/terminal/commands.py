"""Slash commands on a terminal: completion while typing, choices as a list, documents as files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document as Typed

from bots.shared.files import create
from core.conversations.commands import Commands
from core.conversations.exporting import Document
from core.conversations.invoking import Reaction
from core.domain import Incoming
from core.errors import StoreError
from core.wording import Sentence, say

CURRENT, OTHER = "● ", "○ "


class CommandCompleter(Completer):
    """Completes ``/name`` and its argument for the one who sits here."""

    def __init__(self, commands: Commands, invoker: Incoming) -> None:
        self._commands = commands
        self._invoker = invoker

    def get_completions(
        self,
        document: Typed,  # noqa: ARG002  # named by the base class
        complete_event: CompleteEvent,  # noqa: ARG002  # named by the base class
    ) -> Iterator[Completion]:
        """Only the asynchronous way is used: values may come out of the store."""
        return iter(())

    async def get_completions_async(
        self,
        document: Typed,
        complete_event: CompleteEvent,  # noqa: ARG002  # named by the base class
    ) -> AsyncGenerator[Completion, None]:
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in text:
            return
        name, space, prefix = text[1:].partition(" ")
        found = await self._arguments(name, prefix) if space else self._names(name)
        for completion in found:
            yield completion

    def _names(self, prefix: str) -> list[Completion]:
        language = self._invoker.sender.language
        return [
            Completion(f"/{name}", -len(prefix) - 1, display_meta=say(command.help, language))
            for command in self._commands.allowed(self._invoker)
            for name in (command.name, *command.aliases)
            if name.startswith(prefix.casefold())
        ]

    async def _arguments(self, name: str, prefix: str) -> list[Completion]:
        try:
            choices = await self._commands.complete(name, prefix, self._invoker)
        except StoreError:
            return []
        return [Completion(choice.value, -len(prefix), display=choice.label) for choice in choices]


def shown(reaction: Reaction) -> str:
    """The reaction's text, its choices below it, the current one marked."""
    choices = (f"{CURRENT if choice.current else OTHER}{choice.label}" for choice in reaction.choices)
    return "\n".join(line for line in (reaction.text, *choices) if line)


def saved(document: Document, folder: Path, language: str) -> str:
    """Saves it in *folder* beside whatever is there already; says so, or why it could not be."""
    for name in _names(document.name):
        try:
            create(folder / name, document.content)
        except FileExistsError:
            continue
        except OSError as problem:
            return say(Sentence.TERMINAL_NOT_SAVED, language, file=name, reason=problem.strerror)
        return say(Sentence.TERMINAL_SAVED, language, file=name)
    raise AssertionError("names never end")


def _names(name: str) -> Iterator[str]:
    yield name
    stem, dot, suffix = name.rpartition(".")
    number = 2
    while True:
        yield f"{stem}-{number}{dot}{suffix}"
        number += 1

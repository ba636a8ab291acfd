"""What the terminal needs of a screen, whether somebody sits at it or a script does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bots.terminal.stream import View
from core.domain import Message

Interrupt = Callable[[], None]
"""Called when the user wants the answer being written to stop."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was said before: a line about it, the questions for recalling them (oldest first), the last answer."""

    title: str
    questions: tuple[str, ...]
    last: Message

    @property
    def answer(self) -> str:
        return self.last.text


class Screen(Protocol):
    async def read(self) -> str | None:
        """What was entered next; None when the user leaves."""

    def say(self, text: str) -> None:
        """A sentence of ours."""

    def keep(self, text: str) -> None:
        """*text* was not accepted: it shall not be lost to its author."""

    def greet(self, welcome: str, past: Past | None) -> bool:
        """At the start. Whether the last answer is on the screen now."""

    def note(self, text: str) -> None:
        """A line for people; a script's output does without it."""

    async def interject(self, title: str, text: str) -> None:
        """An answer that nobody waits for just now."""

    def answering(self, interrupt: Interrupt) -> AbstractAsyncContextManager[View]:
        """A view of the answer that the user waits for."""

"""How a conversation is printed: who says what where, and what each of the bot's messages was first and at last."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 90
BUILT_IN = "{id: smollm2, provider: local}"
"""The entry of the configuration's `models` for the model inside the process."""
State = tuple[str, ...]
"""The lines of a message and its buttons."""


class Transcript:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def scene(self, place: str) -> None:
        self.lines += [*([""] if self.lines else []), place]

    def line(self, name: str, text: str) -> None:
        self.lines.append(f"{name:<9}{text}")

    def answer(self, states: Sequence[State]) -> None:
        """Of a message that changed its first and its last state."""
        for state in dict.fromkeys((states[0], states[-1])):
            for number, line in enumerate(state):
                self.line("" if number else "parlour", line)


def wrapped(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, WIDTH) or [""]]

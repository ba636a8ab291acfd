"""Personas: who the model speaks as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Persona:
    """`prompt` is sent first, byte for byte the same in every turn, so that providers can cache it."""

    name: str
    prompt: str


class Personas:
    """The configured personas, the default first. Raises ValueError for none at all."""

    def __init__(self, personas: Sequence[Persona]) -> None:
        self.configure(personas)

    def configure(self, personas: Sequence[Persona]) -> None:
        """These, from the next turn on."""
        if not personas:
            raise ValueError("at least one persona is needed")
        self._personas = tuple(personas)

    def names(self) -> tuple[str, ...]:
        return tuple(persona.name for persona in self._personas)

    def get(self, name: str) -> Persona:
        """The persona, or the default for an empty name or one that is configured no more."""
        return next((persona for persona in self._personas if persona.name == name), self._personas[0])

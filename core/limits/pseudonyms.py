"""What limits count, under names that tell nobody whose it is: who is forgotten leaves no id there, and gets no fresh budget
by it either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from hmac import digest
from typing import Protocol

from core.domain_limits import LONGEST_HELD, Delay, Drawn, Grant, Pace, Purse, Unit, Whose
from core.ports import Chance
from core.ports_limits import Paces, Purses
from core.ports_sharing import Secrets

SECRET = "limits"  # noqa: S105  # the name under which the store keeps it
_LENGTH = 32
"""Hexadecimal digits, 128 bits: no two names are ever the same by chance."""


class Limits(Purses, Paces, Secrets, Protocol):
    """What counts, and the secret by which names are hidden there."""


async def pseudonyms(store: Limits, chance: Chance) -> Pseudonyms:
    """Raises StoreError."""
    return Pseudonyms(store, await store.secret(SECRET, chance.name() + chance.name()))


class Pseudonyms:
    """`Purses` and `Paces` over *store*. What everybody has in common keeps its name."""

    def __init__(self, store: Limits, secret: str) -> None:
        self._store = store
        self._secret = secret.encode()

    async def reserve(
        self, key: str, purses: Sequence[Purse], least: int, most: int, seconds: float = LONGEST_HELD
    ) -> Grant:
        return await self._store.reserve(self.hide(key), self._purses(purses), least, most, seconds)

    async def prolong(self, key: str, seconds: float) -> bool:
        return await self._store.prolong(self.hide(key), seconds)

    async def settle(self, key: str, purses: Sequence[Purse], used: Mapping[Unit, int]) -> None:
        await self._store.settle(self.hide(key), self._purses(purses), used)

    async def release(self, key: str) -> None:
        await self._store.release(self.hide(key))

    async def drawn(self, names: Sequence[str]) -> tuple[Drawn, ...]:
        return await self._store.drawn([self._purse(name) for name in names])

    async def admit(self, key: str, paces: Sequence[Pace]) -> Delay | None:
        return await self._store.admit(self.hide(key), self._paces(paces))

    async def levels(self, paces: Sequence[Pace]) -> tuple[float, ...]:
        return await self._store.levels(self._paces(paces))

    def _purses(self, purses: Sequence[Purse]) -> list[Purse]:
        return [replace(purse, name=self._purse(purse.name)) for purse in purses]

    def _paces(self, paces: Sequence[Pace]) -> list[Pace]:
        return [replace(pace, name=self._pace(pace.name)) for pace in paces]

    def _purse(self, name: str) -> str:
        """The unit stays: stores know by it what a purse is charged with."""
        unit, _, whose = name.partition(" ")
        return f"{unit} {self._pace(whose)}"

    def _pace(self, name: str) -> str:
        return name if name.startswith(f"{Whose.TOTAL} ") else self.hide(name)

    def hide(self, name: str) -> str:
        return digest(self._secret, name.encode("utf-8", "surrogatepass"), sha256).hex()[:_LENGTH]

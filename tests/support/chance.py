"""Chance without surprises."""

from __future__ import annotations

import itertools


class EvenChance:
    """Always the middle; names count up."""

    def __init__(self) -> None:
        self._names = itertools.count(1)

    def unit(self) -> float:
        return 0.5

    def name(self) -> str:
        return f"{next(self._names):026d}"

"""What may be spent, and by whom, as values: purses, what one call takes of them, and what admins have said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from core.domain import NO_USAGE, Usage

LONGEST_HELD = 3600.0
"""Seconds after which money that was set aside is free again at the latest, where nobody says otherwise. A killed turn is
resumed much sooner."""


class Unit(StrEnum):
    """What a purse holds."""

    MONEY = "money"
    """Whole nano-dollars."""
    TOKENS = "tokens"
    """Tokens read and written."""


class Whose(StrEnum):
    """Whom a limit is for."""

    USER = "user"
    CHAT = "chat"
    SERVER = "server"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Purse:
    """What may be spent of one limit in one period, and what a call takes of it.

    name: of the unit, of whose it is and of the period; unlike that of any other purse. until: when the period ends.
    fixed: what the call takes in any case. each: what it takes besides for each token of its answer.
    """

    name: str
    unit: Unit
    whose: Whose
    limit: int
    until: float
    fixed: int = 0
    each: int = 0

    def allows(self, free: int, most: int) -> int:
        """How many tokens an answer may have, at most *most*, where *free* is left; negative where there is not even room
        for the question."""
        left = free - self.fixed
        if left < 0:
            return -1
        return min(most, left // self.each) if self.each else most


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is gone of a purse: *spent* for good, *held* by calls that may give some of it back."""

    spent: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a reservation came to. tokens: that an answer may have. short: which of the purses, by its place among them,
    did not allow it; None when it was granted. open: others hold part of that purse and may give some back."""

    tokens: int = 0
    short: int | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class Balance:
    """How a limit stands: what is used of it, until the time *until* when it begins anew."""

    whose: Whose
    unit: Unit
    limit: int
    used: int
    until: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What was answered on a UTC day (``2026-11-21``) with a model, and what that used; and how often there was no answer,
    which no model's name stands with."""

    day: str
    model: str
    usage: Usage = NO_USAGE
    answers: int = 0
    failures: int = 0

    def __add__(self, other: Tally) -> Tally:
        answers, failures = self.answers + other.answers, self.failures + other.failures
        return replace(self, usage=self.usage + other.usage, answers=answers, failures=failures)


def day_of(moment: float) -> str:
    """The UTC day of a Unix time, as ``2026-11-21``."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


class Ruling(StrEnum):
    """What an admin said of somebody or some place."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often something may happen: *burst* times at once, and *per_second* on average. name: unlike any other's."""

    name: str
    whose: Whose
    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Frequency:
    """How a limit on questions stands: *left* of the *most* that may be asked at once. again: from when one may be, where
    none is left. full: from when all of them may. Unix seconds."""

    whose: Whose
    most: int
    left: int
    again: float
    full: float


@dataclass(frozen=True, slots=True)
class Delay:
    """short: which pace does not allow it, by its place among them. seconds: until it does."""

    short: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Queue:
    """Where only *most* may be at once. name: unlike any other's. lease: seconds for which a place is kept without a word
    from whoever has it. word: seconds without a word after which who waits is passed over, until it speaks again."""

    name: str
    most: int
    lease: float
    word: float

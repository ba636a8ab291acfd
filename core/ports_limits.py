"""What a store keeps for limits: the third part of `core.ports.Store`, under the same rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from core.domain_limits import LONGEST_HELD, Delay, Drawn, Grant, Pace, Purse, Queue, Ruling, Tally, Unit, Whose


class Purses(Protocol):
    """Budgets that all processes on a store spend from, without ever spending one twice."""

    async def reserve(
        self, key: str, purses: Sequence[Purse], least: int, most: int, seconds: float = LONGEST_HELD
    ) -> Grant:
        """Sets aside, in one step, what a call takes of each of the *purses* with an answer of as many tokens as all of
        them allow, at least *least* and at most *most*. It takes the place of what was reserved under *key* before. Where
        a purse does not allow *least*, nothing changes. What is neither settled nor released is free again after so many
        *seconds*."""

    async def prolong(self, key: str, seconds: float) -> bool:
        """What was reserved under *key* is free again after so many *seconds* from now. False: it is so already, or it is
        settled or released."""

    async def settle(self, key: str, purses: Sequence[Purse], used: Mapping[Unit, int]) -> None:
        """What was reserved under *key* is given back, and what was *used* is spent: of the purses it was reserved of;
        where nothing was reserved (any more), of *purses*. Once settled, the key stays so for 7 days."""

    async def release(self, key: str) -> None:
        """What was reserved under *key* is given back, if it is not settled."""

    async def drawn(self, names: Sequence[str]) -> tuple[Drawn, ...]:
        """What is gone of each."""


class Paces(Protocol):
    """Token buckets that all processes on a store share, and that nobody can owe anything."""

    async def admit(self, key: str, paces: Sequence[Pace]) -> Delay | None:
        """Takes one permit of each of the *paces* in one step; where one of them has none, of none, and says which and for
        how long (the longest, where several have none). A *key* that was admitted in the last day takes nothing more."""

    async def levels(self, paces: Sequence[Pace]) -> tuple[float, ...]:
        """How many permits each of the *paces* has. Takes none."""


class Tallies(Protocol):
    """What is counted over all processes for whoever runs them. Tallies are kept for 62 days, who asked for 31."""

    async def count(self, tally: Tally, asked: Mapping[Whose, str]) -> None:
        """Adds *tally* to that of its day and model. asked: who did, and in which chat, under names that tell nobody whose
        they are."""

    async def tallies(self, since: str) -> tuple[Tally, ...]:
        """From that UTC day on, by day and model."""

    async def seen(self, whose: Whose, since: str) -> int:
        """How many people, or chats, asked on that UTC day or later."""


class Rulings(Protocol):
    """Who may, as admins have said it beyond the configuration: by ids of people, roles, chats and servers."""

    async def rule(self, subject: str, ruling: Ruling | None) -> None:
        """In the place of what was said of that *subject* before; None: nothing is."""

    async def rulings(self) -> dict[str, Ruling]:
        """Everything that was said, by subject."""


class Places(Protocol):
    """Places that all processes on a store share, of which there are only so many: first come, first served."""

    async def stand(
        self, queue: Queue, waiting: Mapping[str, float], inside: Collection[str], gone: Collection[str]
    ) -> Mapping[str, int]:
        """Says, in one step, who of a process is *waiting* (under a key of its own; since when, in Unix seconds), who is
        *inside* and who has *gone*. That holds for `queue.word` and `queue.lease` from now on. Who is inside stays so, also
        where its place had lapsed meanwhile and too many are. For each who waits: 0 where it is inside from now on, else its
        number in the line of all processes, 1 for who is next."""

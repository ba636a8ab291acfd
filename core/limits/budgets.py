"""Who may spend how much."""

from __future__ import annotations

from core.domain import Turn, Usage


class Unlimited:
    """`Budgets` where the operator configured none: nothing is refused and nothing needs to be booked, since the ledger
    that /usage reads is part of the history."""

    async def reserve(self, turn: Turn) -> None:
        del turn

    async def settle(self, turn: Turn, usage: Usage) -> None:
        del turn, usage

    async def refund(self, turn: Turn) -> None:
        del turn

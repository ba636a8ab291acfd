"""Who may spend how much: reserved before each call of a model, settled when its answer is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.conversations.context import reserved_for
from core.domain import Incoming, ModelSpec, Prompt, Turn, Usage
from core.domain_limits import LONGEST_HELD, Balance, Frequency, Purse, Whose
from core.errors import BudgetSpent
from core.limits.allowances import Bill, Payer, SpendingPolicy, charged, payer_of, purses_of, used_of
from core.limits.holding import HELD, held
from core.limits.rates import backoff
from core.limits.throttling import Throttle
from core.ports import Clock
from core.ports_limits import Purses
from core.wording import Sentence

LEAST_OUTPUT = 32
"""Tokens that an answer needs to be worth its prompt."""
PATIENCE = 120.0
"""Seconds that a call waits for what others have reserved, and may give back."""
FIRST_LOOK, LONGEST_LOOK = 0.25, 2.0
"""Seconds between two looks at it."""

SENTENCES = {
    Whose.USER: Sentence.BUDGET_SPENT_USER,
    Whose.CHAT: Sentence.BUDGET_SPENT_CHAT,
    Whose.SERVER: Sentence.BUDGET_SPENT_SERVER,
    Whose.TOTAL: Sentence.BUDGET_SPENT_TOTAL,
}


@dataclass(frozen=True, slots=True)
class _Granted:
    """tokens: that the answer may have. since: before it was asked for (monotonic)."""

    tokens: int
    since: float


class Spending:
    """What calls cost, taken out of the purses of whoever pays. The *key* of a call (or of several for one answer) is
    its own in all processes: reserving again under it replaces what was reserved."""

    def __init__(self, purses: Purses, clock: Clock, policy: SpendingPolicy) -> None:
        self._purses = purses
        self._clock = clock
        self._policy = policy

    def configure(self, policy: SpendingPolicy) -> None:
        """This, from the next call on."""
        self._policy = policy

    async def choose(self, payer: Payer, wanted: ModelSpec) -> str:
        """*wanted*, or the cheaper model where little is left of one of the payer's purses."""
        cheaper = self._policy.downgrade_to
        if not cheaper or not wanted.price or not wanted.price.output:
            return wanted.id
        purses = purses_of(self._policy, payer, self._clock.now())
        drawn = await self._purses.drawn([purse.name for purse in purses])
        share = self._policy.downgrade_at
        is_low = any(known.spent >= share * purse.limit for known, purse in zip(drawn, purses, strict=True))
        return cheaper if is_low else wanted.id

    async def balances(self, payer: Payer) -> tuple[Balance, ...]:
        """Of everything that the payer is limited by. Raises StoreError."""
        purses = purses_of(self._policy, payer, self._clock.now())
        drawn = await self._purses.drawn([purse.name for purse in purses]) if purses else ()
        return tuple(
            Balance(purse.whose, purse.unit, purse.limit, known.spent, purse.until)
            for purse, known in zip(purses, drawn, strict=True)
        )

    async def reserve(self, key: str, payer: Payer, bill: Bill) -> int | None:
        """How many tokens the answer may have; None where nothing limits it. Waits while others may give back what they
        reserved. What is neither settled nor refunded, as its process was killed, is set aside for `LONGEST_HELD`. Raises
        BudgetSpent and StoreError."""
        granted = await self._granted(key, payer, bill, LONGEST_HELD)
        return None if granted is None else granted.tokens

    @asynccontextmanager
    async def held(self, key: str, payer: Payer, bill: Bill) -> AsyncIterator[int | None]:
        """As `reserve`, for a call that nobody makes again when its process is killed: what it took is free again `HELD`
        seconds after that. In the block the call is made; it is left with StoreUnavailable where the store is away for so
        long."""
        granted = await self._granted(key, payer, bill, HELD)
        if granted is None:
            yield None
            return
        async with held(self._purses, self._clock, key, granted.since):
            yield granted.tokens

    async def _granted(self, key: str, payer: Payer, bill: Bill, seconds: float) -> _Granted | None:
        attempt, begun = 0, self._clock.monotonic()
        while True:
            purses = self._charged(payer, bill)
            if not purses:
                return None
            most, since = self._most(bill), self._clock.monotonic()
            grant = await self._purses.reserve(key, purses, min(LEAST_OUTPUT, most), most, seconds)
            if grant.short is None:
                return _Granted(grant.tokens, since)
            if not grant.open or since - begun > PATIENCE:
                raise self._spent(purses[grant.short])
            attempt += 1
            await self._clock.sleep(backoff(attempt, FIRST_LOOK, LONGEST_LOOK, 1.0))

    async def check(self, payer: Payer, bill: Bill) -> None:
        """Sets nothing aside. Raises BudgetSpent where there is not enough for the call whatever others give back, and
        StoreError."""
        purses = self._charged(payer, bill)
        drawn = await self._purses.drawn([purse.name for purse in purses]) if purses else ()
        least = min(LEAST_OUTPUT, self._most(bill))
        for purse, known in zip(purses, drawn, strict=True):
            if purse.allows(purse.limit - known.spent, least) < least:
                raise self._spent(purse)

    async def settle(self, key: str, payer: Payer, usage: Usage) -> None:
        """What the answer came to. Repeating it changes nothing. Raises StoreError."""
        purses = purses_of(self._policy, payer, self._clock.now())
        if purses:
            await self._purses.settle(key, purses, used_of(usage))

    async def refund(self, key: str) -> None:
        """Nothing came of it. Raises StoreError."""
        if self._policy.limits_anything:
            await self._purses.release(key)

    def _spent(self, purse: Purse) -> BudgetSpent:
        when = datetime.fromtimestamp(purse.until, UTC)
        rest = purse.until - self._clock.now()
        return BudgetSpent(SENTENCES[purse.whose], purse.name, rest, when=f"{when:%Y-%m-%d %H:%M} UTC")

    def _most(self, bill: Bill) -> int:
        """Tokens of an answer: servers refuse a request whose prompt and answer might not fit the window together."""
        spec, wanted = bill.spec, bill.most or self._policy.most_output
        return max(1, min(wanted, reserved_for(spec), spec.window - bill.tokens))

    def _charged(self, payer: Payer, bill: Bill) -> tuple[Purse, ...]:
        """The purses that the call takes something of."""
        purses = (charged(purse, bill) for purse in purses_of(self._policy, payer, self._clock.now()))
        return tuple(purse for purse in purses if purse.fixed or purse.each)


class TurnBudgets:
    """`core.ports.Budgets`: turns are paid for by who asks, where they ask."""

    def __init__(self, spending: Spending, throttle: Throttle) -> None:
        self._spending = spending
        self._throttle = throttle

    async def admit(self, turn: Turn) -> None:
        await self._throttle.admit(turn.id, payer_of(turn.incoming))

    async def balances(self, incoming: Incoming) -> tuple[Balance | Frequency, ...]:
        payer = payer_of(incoming)
        return *await self._spending.balances(payer), *await self._throttle.frequencies(payer)

    async def choose(self, turn: Turn, wanted: ModelSpec) -> str:
        return await self._spending.choose(payer_of(turn.incoming), wanted)

    async def check(self, turn: Turn, spec: ModelSpec, prompt: Prompt, so_far: Usage) -> None:
        await self._spending.check(payer_of(turn.incoming), _bill(spec, prompt, so_far))

    async def reserve(self, turn: Turn, spec: ModelSpec, prompt: Prompt, so_far: Usage) -> Prompt:
        tokens = await self._spending.reserve(turn.id, payer_of(turn.incoming), _bill(spec, prompt, so_far))
        return prompt if tokens is None else replace(prompt, max_output=tokens)

    async def settle(self, turn: Turn, usage: Usage) -> None:
        await self._spending.settle(turn.id, payer_of(turn.incoming), usage)

    async def refund(self, turn: Turn) -> None:
        await self._spending.refund(turn.id)


def _bill(spec: ModelSpec, prompt: Prompt, so_far: Usage) -> Bill:
    return Bill(spec, prompt.tokens + so_far.completion, so_far)

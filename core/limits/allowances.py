"""Who pays for a call, and out of which purses. Pure: the caller passes the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from core.conversations.access import chat_of
from core.domain import NO_USAGE, Incoming, ModelSpec, Usage
from core.domain_limits import Purse, Unit, Whose


@dataclass(frozen=True, slots=True)
class Allowance:
    """day, month: nano-dollars in a UTC day and a UTC month. tokens: in a UTC day, read and written. None: no limit."""

    day: int | None = None
    month: int | None = None
    tokens: int | None = None

    @property
    def is_limit(self) -> bool:
        return (self.day, self.month, self.tokens) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose purses a call is paid from: ids as `core.conversations.access.Access` has them; "" where there is none."""

    user: str
    chat: str = ""
    server: str = ""


@dataclass(frozen=True, slots=True)
class SpendingPolicy:
    """limits: for everybody of a kind. people: for single ones, instead of what users have. exempt: whose tokens are not
    counted; what they cost is.
    downgrade_to: the model that answers when `downgrade_at` of a purse (a share) is spent; "" for none.
    most_output: tokens of an answer at most, where a limit is set.
    """

    limits: Mapping[Whose, Allowance] = field(default_factory=dict)
    people: Mapping[str, Allowance] = field(default_factory=dict)
    downgrade_to: str = ""
    downgrade_at: float = 0.9
    most_output: int = 8000
    exempt: frozenset[str] = frozenset()

    @property
    def limits_anything(self) -> bool:
        return any(allowance.is_limit for allowance in self._allowances)

    @property
    def limits_money(self) -> bool:
        return any((allowance.day, allowance.month) != (None, None) for allowance in self._allowances)

    @property
    def _allowances(self) -> tuple[Allowance, ...]:
        return (*self.limits.values(), *self.people.values())


@dataclass(frozen=True, slots=True)
class Bill:
    """A call that is about to be made: of *spec*, with a prompt of so many *tokens*; what its answer took *so_far*.
    answers: how many are asked for at once. most: tokens of each at most; None: as many as one may have."""

    spec: ModelSpec
    tokens: int
    so_far: Usage = NO_USAGE
    answers: int = 1
    most: int | None = None


def payer_of(incoming: Incoming) -> Payer:
    server = incoming.places[-1] if incoming.places else ""
    return Payer(incoming.sender.id, chat_of(incoming.conversation), server)


def names_of(payer: Payer) -> dict[Whose, str]:
    """Whom the limits of each kind are for, the narrowest first; "" where there is none."""
    return {Whose.USER: payer.user, Whose.CHAT: payer.chat, Whose.SERVER: payer.server, Whose.TOTAL: "all"}


def purses_of(policy: SpendingPolicy, payer: Payer, now: float) -> tuple[Purse, ...]:
    """Everything that the *payer* is limited by at the time *now*, the narrowest first."""
    purses = (
        purse for whose, name, allowance in _limits(policy, payer) for purse in _purses(whose, name, allowance, now)
    )
    return tuple(purse for purse in purses if purse.unit is Unit.MONEY or payer.user not in policy.exempt)


def charged(purse: Purse, bill: Bill) -> Purse:
    """With what the call takes of it. A prompt is not known to be cached before it is paid for."""
    if purse.unit is Unit.TOKENS:
        return replace(purse, fixed=bill.tokens + bill.so_far.prompt + bill.so_far.completion, each=bill.answers)
    if bill.spec.price is None:
        return purse
    fixed = bill.spec.price.of(Usage(prompt=bill.tokens)) + (bill.so_far.cost or 0)
    return replace(purse, fixed=fixed, each=bill.spec.price.output * bill.answers)


def used_of(usage: Usage) -> dict[Unit, int]:
    return {Unit.MONEY: usage.cost or 0, Unit.TOKENS: usage.prompt + usage.completion}


def _limits(policy: SpendingPolicy, payer: Payer) -> Iterator[tuple[Whose, str, Allowance]]:
    for whose, name in names_of(payer).items():
        own = policy.people.get(name) if whose is Whose.USER else None
        allowance = own or policy.limits.get(whose)
        if name and allowance:
            yield whose, name, allowance


def _purses(whose: Whose, name: str, allowance: Allowance, now: float) -> Iterator[Purse]:
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = (day + timedelta(days=1)).timestamp()
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1).timestamp()
    for unit, limit, period, until in (
        (Unit.TOKENS, allowance.tokens, f"{day:%Y-%m-%d}", tomorrow),
        (Unit.MONEY, allowance.day, f"{day:%Y-%m-%d}", tomorrow),
        (Unit.MONEY, allowance.month, f"{day:%Y-%m}", next_month),
    ):
        if limit is not None:
            yield Purse(f"{unit} {whose} {name} {period}", unit, whose, limit, until)

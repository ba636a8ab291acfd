"""Limits as the operator wrote them."""

from __future__ import annotations

from core.config import Config
from core.config_platforms import BudgetConfig
from core.domain_limits import Whose
from core.limits.allowances import Allowance, SpendingPolicy
from core.limits.rates import Rate
from core.limits.throttling import ThrottlePolicy

NANO = 1_000_000_000
"""Nano-dollars of a dollar."""


def spending_policy(config: Config) -> SpendingPolicy:
    limits = config.limits
    kinds = {
        whose: _allowance(getattr(limits.budget, whose.value), getattr(limits.tokens, whose.value)) for whose in Whose
    }
    return SpendingPolicy(
        limits={whose: allowance for whose, allowance in kinds.items() if allowance.is_limit},
        people={client_id(client.name): _allowance(client.budget, None) for client in config.web.clients},
        downgrade_to=limits.downgrade_to or "",
        downgrade_at=limits.downgrade_at,
        most_output=config.answer.max_tokens,
    )


def throttle_policy(config: Config) -> ThrottlePolicy:
    rates = {}
    for whose in Whose:
        if often := getattr(config.limits.messages, whose.value):
            number, seconds = often
            rates[whose] = Rate(number / seconds, number)
    return ThrottlePolicy(rates, frozenset(config.access.admins))


def client_id(name: str) -> str:
    """By which a program that uses the API is known, as people are by ``discord:123``."""
    return f"api:{name}"


def _allowance(budget: BudgetConfig, tokens: int | None) -> Allowance:
    return Allowance(_nano(budget.day), _nano(budget.month), tokens)


def _nano(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * NANO)

"""Who may, and how much, as the operator wrote it."""

from __future__ import annotations

from typing import TypedDict

from core.config import Config
from core.config_access import AccessConfig, GroupConfig
from core.config_platforms import BudgetConfig
from core.conversations.access import Access, Group
from core.domain_limits import Queue, Whose
from core.limits.allowances import Allowance, SpendingPolicy
from core.limits.lines import LEASE, WORD
from core.limits.rates import Rate
from core.limits.throttling import ThrottlePolicy

NANO = 1_000_000_000
"""Nano-dollars of a dollar."""


def access_policy(config: Config) -> Access:
    """A program that has models of its own is a group by itself."""
    lists = config.access
    groups = [Group(name=name, models=frozenset(group.models), **_ids(group)) for name, group in lists.groups.items()]
    for client in config.web.clients:
        if client.models:
            person = client_id(client.name)
            groups.append(Group(name=person, models=frozenset(client.models), users=frozenset({person})))
    admins, blocked = frozenset(lists.admins), frozenset(lists.blocked)
    return Access(admins=admins, blocked=blocked, groups=tuple(groups), **_ids(lists))


class _Ids(TypedDict):
    users: frozenset[str]
    chats: frozenset[str]
    servers: frozenset[str]
    roles: frozenset[str]


def _ids(lists: AccessConfig | GroupConfig) -> _Ids:
    return {
        "users": frozenset(lists.users),
        "chats": frozenset(lists.chats),
        "servers": frozenset(lists.servers),
        "roles": frozenset(lists.roles),
    }


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
        exempt=frozenset(config.access.admins),
    )


def throttle_policy(config: Config) -> ThrottlePolicy:
    rates = {}
    for whose in Whose:
        if often := getattr(config.limits.messages, whose.value):
            number, seconds = often
            rates[whose] = Rate(number / seconds, number)
    return ThrottlePolicy(rates, frozenset(config.access.admins))


def queues(config: Config) -> dict[str, Queue]:
    """Those that all processes stand in, by the ids of the models."""
    at_once = {name: provider.at_once for name, provider in config.providers.items()}
    return {
        model.id: Queue(model.provider, most, LEASE, WORD)
        for model in config.models
        if (most := at_once.get(model.provider))
    }


def client_id(name: str) -> str:
    """By which a program that uses the API is known, as people are by ``discord:123``."""
    return f"api:{name}"


def _allowance(budget: BudgetConfig, tokens: int | None) -> Allowance:
    return Allowance(_nano(budget.day), _nano(budget.month), tokens)


def _nano(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * NANO)

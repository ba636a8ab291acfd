"""The configuration of what people may use."""

from __future__ import annotations

from pydantic import Field

from core.config_fields import Name, Number, Often, Whole
from core.config_platforms import BudgetConfig, Section


class BudgetsConfig(Section):
    """A budget for each user, for each chat, for each server, and for everybody together."""

    user: BudgetConfig = BudgetConfig()
    chat: BudgetConfig = BudgetConfig()
    server: BudgetConfig = BudgetConfig()
    total: BudgetConfig = BudgetConfig()


class TokensConfig(Section):
    """user: tokens read and written by each in a UTC day. chat: the same for each chat. server: for each server of Discord.
    total: for everybody together."""

    user: Whole | None = Field(default=None, ge=0, le=10**12)
    chat: Whole | None = Field(default=None, ge=0, le=10**12)
    server: Whole | None = Field(default=None, ge=0, le=10**12)
    total: Whole | None = Field(default=None, ge=0, le=10**12)


class MessagesConfig(Section):
    """user: so many questions of each at once, and in that time on average. chat: the same for each chat. server: for each
    server of Discord. total: for everybody together."""

    user: Often | None = None
    chat: Often | None = None
    server: Often | None = None
    total: Often | None = None


class LimitsConfig(Section):
    """What is left out is no limit. downgrade_to: the model that answers when little of a budget is left. downgrade_at: the
    share of a budget after which it does."""

    budget: BudgetsConfig = BudgetsConfig()
    tokens: TokensConfig = TokensConfig()
    messages: MessagesConfig = MessagesConfig()
    downgrade_to: Name | None = None
    downgrade_at: Number = Field(default=0.9, gt=0, le=1)

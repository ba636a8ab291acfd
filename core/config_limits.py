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
    """Tokens read and written in a UTC day; None: no limit."""

    user: Whole | None = Field(default=None, ge=0, le=10**12)
    chat: Whole | None = Field(default=None, ge=0, le=10**12)
    server: Whole | None = Field(default=None, ge=0, le=10**12)
    total: Whole | None = Field(default=None, ge=0, le=10**12)


class MessagesConfig(Section):
    """So many questions at once, and on average in so many seconds; None: no limit."""

    user: Often | None = None
    chat: Often | None = None
    server: Often | None = None
    total: Often | None = None


class LimitsConfig(Section):
    """downgrade_to: the model that answers when `downgrade_at` of a budget (a share) is spent; None: none."""

    budget: BudgetsConfig = BudgetsConfig()
    tokens: TokensConfig = TokensConfig()
    messages: MessagesConfig = MessagesConfig()
    downgrade_to: Name | None = None
    downgrade_at: Number = Field(default=0.9, gt=0, le=1)

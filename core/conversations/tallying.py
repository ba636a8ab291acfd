"""Counting, for whoever runs the bot, what was answered and how many people asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from core.conversations.access import chat_of
from core.domain import NO_USAGE, Answer, Incoming, Usage
from core.domain_limits import Tally, Whose, day_of
from core.errors import ChatError, ModelError, StoreError
from core.ports import Clock
from core.ports_limits import Tallies

log = structlog.get_logger(__name__)


class Counting(Protocol):
    async def answered(self, incoming: Incoming, answer: Answer) -> None: ...

    async def failed(self, incoming: Incoming, problem: ChatError) -> None: ...

    async def relayed(self, person: str, model: str, usage: Usage) -> None:
        """An answer without a conversation."""


class Tallying:
    """`Counting` in the store; what cannot be counted is left out. *hide* gives names that tell nobody whose they are."""

    def __init__(self, tallies: Tallies, clock: Clock, hide: Callable[[str], str]) -> None:
        self._tallies = tallies
        self._clock = clock
        self._hide = hide

    async def answered(self, incoming: Incoming, answer: Answer) -> None:
        if incoming.show is None:
            await self._count(_asked(incoming), Tally(self._today(), answer.model, answer.usage, answers=1))

    async def failed(self, incoming: Incoming, problem: ChatError) -> None:
        """Only what a model did is a failure: the rest are answers of ours."""
        if isinstance(problem, ModelError):
            await self._count(_asked(incoming), Tally(self._today(), "", NO_USAGE, failures=1))

    async def relayed(self, person: str, model: str, usage: Usage) -> None:
        await self._count({Whose.USER: person}, Tally(self._today(), model, usage, answers=1))

    async def _count(self, asked: dict[Whose, str], tally: Tally) -> None:
        try:
            await self._tallies.count(tally, {whose: self._hide(name) for whose, name in asked.items()})
        except StoreError as problem:
            log.warning("tally.not_counted", detail=str(problem))

    def _today(self) -> str:
        return day_of(self._clock.now())


class Uncounted:
    async def answered(self, incoming: Incoming, answer: Answer) -> None: ...

    async def failed(self, incoming: Incoming, problem: ChatError) -> None: ...

    async def relayed(self, person: str, model: str, usage: Usage) -> None: ...


UNCOUNTED = Uncounted()


def _asked(incoming: Incoming) -> dict[Whose, str]:
    return {Whose.USER: incoming.sender.id, Whose.CHAT: chat_of(incoming.conversation)}

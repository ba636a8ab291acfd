"""Moderators that a test tells what to find."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.conversations.moderating import Bench, Moderation, ModerationPolicy
from core.domain_moderation import Reason, Verdict
from core.errors import ModelError
from core.ports import Clock
from core.watching import UNWATCHED, Watch
from tests.support.chance import EvenChance

BOTH = ModerationPolicy(questions=True, answers=True)


@dataclass
class Magistrate:
    """`Moderator`. bad: whether a text is refused. problems: raised by the next checks. gate: closed, a check waits."""

    bad: Callable[[str], bool] = lambda text: "murder" in text
    problems: list[ModelError] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()

    async def check(self, texts: Sequence[str]) -> Verdict:
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        self.seen.extend(texts)
        try:
            await self.gate.wait()
        finally:
            self.under_way -= 1
        if self.problems:
            raise self.problems.pop(0)
        return Verdict(Reason.VIOLENCE, "violence") if any(map(self.bad, texts)) else Verdict()


def moderation(
    magistrate: Magistrate, clock: Clock, policy: ModerationPolicy = BOTH, watch: Watch = UNWATCHED
) -> Moderation:
    return Moderation(clock, EvenChance(), watch, Bench(magistrate, policy))

"""Moderators that a test tells what to find."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.conversations.moderating import Bench, Moderation, ModerationPolicy
from core.domain_moderation import Reason, Verdict
from core.errors import ModelError, RequestRefused
from core.ports import Clock
from core.watching import UNWATCHED, Watch
from tests.support.chance import EvenChance

BOTH = ModerationPolicy(questions=True, answers=True)


@dataclass
class Magistrate:
    """`Moderator`. bad: whether a text or a picture is refused. problems: raised by the next checks. gate: closed, a check
    waits. blind: it refuses every picture."""

    bad: Callable[[str], bool] = lambda text: "murder" in text
    problems: list[ModelError] = field(default_factory=list)
    blind: bool = False
    seen: list[str] = field(default_factory=list)
    asked: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()

    async def check(self, texts: Sequence[str], picture: str = "") -> Verdict:
        self.asked.append((tuple(texts), picture))
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        self.seen.extend(texts)
        try:
            await self.gate.wait()
        finally:
            self.under_way -= 1
        if self.problems:
            raise self.problems.pop(0)
        if picture and self.blind:
            raise RequestRefused("no pictures")
        return Verdict(Reason.VIOLENCE, "violence") if any(map(self.bad, (*texts, picture))) else Verdict()


def moderation(
    magistrate: Magistrate, clock: Clock, policy: ModerationPolicy = BOTH, watch: Watch = UNWATCHED
) -> Moderation:
    return Moderation(clock, EvenChance(), watch, Bench(magistrate, policy))

"""What /stats tells those who run the bot, over all processes on a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.conversations.reports import cost
from core.domain import InboxDepth, Usage
from core.domain_limits import Tally, Whose, day_of
from core.ports import Clock, Inbox
from core.ports_limits import Tallies
from core.wording import Sentence, say

LATELY = 30
"""Days of which the people and chats are counted."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Running:
    """This process. since: Unix seconds."""

    version: str
    since: float


@dataclass(frozen=True, slots=True)
class Stats:
    """people, chats: that asked today, and lately. today, month: by model; what failed has none."""

    depth: InboxDepth
    people: tuple[int, int]
    chats: tuple[int, int]
    today: tuple[Tally, ...]
    month: tuple[Tally, ...]


class Statistics:
    def __init__(self, inbox: Inbox, tallies: Tallies, clock: Clock, running: Running) -> None:
        self._inbox = inbox
        self._tallies = tallies
        self._clock = clock
        self._running = running

    async def text(self, language: str) -> str:
        """Raises StoreError."""
        return stats_text(await self._gather(), self._running, language)

    async def _gather(self) -> Stats:
        now = self._clock.now()
        today = day_of(now)
        month = await self._tallies.tallies(f"{today[:7]}-01")
        depth = await self._inbox.depth()
        days = (today, day_of(now - (LATELY - 1) * _DAY))
        people, chats = [[await self._tallies.seen(whose, day) for day in days] for whose in (Whose.USER, Whose.CHAT)]
        these = tuple(tally for tally in month if tally.day == today)
        return Stats(depth, (people[0], people[1]), (chats[0], chats[1]), these, month)


def stats_text(stats: Stats, running: Running, language: str) -> str:
    depth, today = stats.depth, _sum(stats.today)
    failures = sum(tally.failures for tally in stats.today)
    since = f"{datetime.fromtimestamp(running.since, UTC):%Y-%m-%d %H:%M} UTC"
    lines = [
        say(Sentence.STATS_TURNS, language, waiting=depth.queued, running=depth.running, aside=depth.aside),
        say(Sentence.STATS_PEOPLE, language, today=stats.people[0], lately=stats.people[1], days=LATELY),
        say(Sentence.STATS_CHATS, language, today=stats.chats[0], lately=stats.chats[1], days=LATELY),
        say(Sentence.STATS_TODAY, language, **_figures(today, language), failures=failures),
        *(_of_model(model, stats, language) for model in sorted({tally.model for tally in stats.month} - {""})),
        say(Sentence.STATS_RUNNING, language, version=running.version, since=since),
    ]
    return "\n".join(lines)


def _of_model(model: str, stats: Stats, language: str) -> str:
    today, month = (_sum([tally for tally in some if tally.model == model]) for some in (stats.today, stats.month))
    spent = {"today": cost(today.usage.spent, language), "month": cost(month.usage.spent, language)}
    return say(Sentence.STATS_MODEL, language, model=model, answers=f"{month.answers:,}", **spent)


def _sum(tallies: Sequence[Tally]) -> Tally:
    return sum(tallies, Tally("", ""))


def _figures(tally: Tally, language: str) -> dict[str, object]:
    used: Usage = tally.usage
    return {
        "answers": f"{tally.answers:,}",
        "prompt": f"{used.prompt:,}",
        "cached": round(100 * used.cached / used.prompt) if used.prompt else 0,
        "completion": f"{used.completion:,}",
        "cost": cost(used.spent, language),
    }

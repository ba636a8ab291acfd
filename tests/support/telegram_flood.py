"""Telegram's flood limits, as its FAQ tells them ("My bot is hitting limits"), and the penalty for who breaks them."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from tests.support.discord_rules import Sliding
from tests.support.telegram_rules import flooded

MINUTE = 60.0


@dataclass
class Limits:
    """overall: writes in any second, over all chats. chat: seconds that a chat regains one write in, of *burst* that it
    takes at once; draft: the same for drafts, which nobody documents. group: writes in any minute in one group.
    penalty: seconds at least for which a chat (or the bot) is closed once it broke a limit; asking meanwhile does not
    prolong it."""

    overall: int = 30
    chat: float = 1.0
    burst: int = 3
    draft: float = 0.3
    group: int = 20
    penalty: int = 3


@dataclass
class Bucket:
    """*burst* writes at once; one more every *seconds*."""

    seconds: float
    burst: int
    level: float = 0.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        self.level = max(0.0, self.level - (now - self.at) / self.seconds)
        self.at = now
        if self.level > self.burst - 1:
            return False
        self.level += 1
        return True


class Flood:
    """Asked before every write. now: seconds of any clock that goes forward."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = Sliding(limits.overall)
        self._chats: dict[int, Bucket] = defaultdict(lambda: Bucket(limits.chat, limits.burst))
        self._drafts: dict[int, Bucket] = defaultdict(lambda: Bucket(limits.draft, limits.burst))
        self._groups: dict[int, Sliding] = defaultdict(lambda: Sliding(limits.group, MINUTE))
        self._closed: dict[int | None, float] = {}

    def close(self, seconds: float, chat: int | None, now: float) -> None:
        """Nothing is taken for *chat* (None: at all) for that long."""
        self._closed[chat] = max(self._closed.get(chat, 0.0), now + seconds)

    def admit(self, kind: str, chat: int | None, now: float) -> None:
        """*kind*: ``write`` (a new message or an edit), ``draft``, or ``act`` for what only the bot's limit counts.

        Raises Refused."""
        for place in (None, chat):
            if (left := self._closed.get(place, 0.0) - now) > 0:
                raise flooded(math.ceil(left))
        if not self._all.take(now):
            self._punish(None, now)
        if chat is None:
            return
        if kind == "draft" and not self._drafts[chat].take(now):
            self._punish(chat, now)
        if kind == "write" and not (self._chats[chat].take(now) and (chat > 0 or self._groups[chat].take(now))):
            self._punish(chat, now)

    def _punish(self, chat: int | None, now: float) -> None:
        self.close(self._limits.penalty, chat, now)
        raise flooded(self._limits.penalty)

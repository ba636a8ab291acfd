"""How often Telegram may be written to."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from bots.shared.pacing import Gate, Pacer, Priority, RateGate
from core.limits.rates import Rate
from core.ports import Clock

OVERALL = Rate(per_second=27.0, burst=2.0)
"""Writes of the whole bot. Telegram takes "no more than 30 messages per second or so" ("Bots FAQ", on limits); a bucket
lets its burst through on top of its rate, and the rest is for requests that travel for different times."""
CHAT = Rate(per_second=1 / 1.1, burst=3.0)
"""Writes to one chat: "avoid sending more than one message per second", "short bursts" aside (same page). Edits count."""
CAREFUL = Rate(per_second=1 / 1.1, burst=1.0)
"""The same for a chat that asked for a pause: it takes no bursts, or not those."""
LEFT = {Priority.FINAL: 0.0, Priority.FIRST: 0.0, Priority.DRAFT: 2.0, Priority.TYPING: 2.0}
"""Writes of a chat that each leaves over: after a draft the last words and the first ones of the next answer can still
be written at once. First words leave nothing: a permit is there again before most answers end."""
GROUP_WINDOW = 60.5
GROUP_MOST = 20
""""Not more than 20 messages per minute to the same group" (same page); half a second for requests that travel for
different times."""
GROUP_LEFT = {Priority.FINAL: 0, Priority.FIRST: 2, Priority.DRAFT: 4, Priority.TYPING: 4}
"""Writes of a group's minute that each leaves over."""
GROUP_PAUSE = 3.1
"""Seconds between two drafts in a group: 20 of them fill its minute."""
TYPING = Rate(per_second=0.25, burst=1.0)
"""Telegram shows it for 5 seconds."""
ALIKE = 2.0
"""Seconds by which the ends of penalties may differ that are one: Telegram tells whole ones."""
SEVERAL = 3
"""Chats that are closed until the same moment are no coincidence."""
PREVIEWS = Rate(per_second=1 / 1.1, burst=2.0)
"""Previews of a private chat, for which Telegram gives no number: as often as messages."""
PREVIEWS_LEFT = {Priority.FINAL: 0.0, Priority.FIRST: 0.0, Priority.DRAFT: 1.0, Priority.TYPING: 1.0}
"""The first preview of an answer never waits for those of the one before it."""


class TelegramPacer(Pacer[Gate]):
    """Telegram does not say whether a penalty is a chat's or the whole bot's; so several chats that are closed until the
    same moment are taken for the whole bot. on_flood: told then for how many seconds it takes nothing."""

    def __init__(self, clock: Clock, overall: Gate) -> None:
        super().__init__(clock, overall, lambda bucket: gate_of(bucket, clock.monotonic()))
        self._time = clock
        self._ends: dict[str, float] = {}
        self.on_flood: Callable[[float], None] = lambda _seconds: None

    def penalise(self, chat: str | None, seconds: float) -> None:
        super().penalise(chat, seconds)
        now = self._time.monotonic()
        end = now + seconds
        self._ends = {place: until for place, until in self._ends.items() if until > now}
        if chat is None:
            return
        self._ends[chat] = end
        if isinstance(gate := self.gate(chat), ChatGate):
            gate.chasten(now)
        if sum(abs(until - end) <= ALIKE for until in self._ends.values()) >= SEVERAL:
            super().penalise(None, seconds)
            self.on_flood(seconds)


class ChatGate:
    """What one chat takes. *group*: with a group's further limits."""

    def __init__(self, now: float, *, group: bool) -> None:
        self._rate = RateGate(CHAT, now, LEFT)
        self._group = group
        self._written: deque[float] = deque()

    def wait(self, now: float, priority: Priority) -> float:
        seconds = self._rate.wait(now, priority)
        return max(seconds, self._group_wait(now, priority)) if self._group else seconds

    def take(self, now: float) -> None:
        self._rate.take(now)
        self._written.append(now)
        while len(self._written) > GROUP_MOST:
            self._written.popleft()

    def chasten(self, now: float) -> None:
        """No more bursts, until the gate is forgotten."""
        self._rate = RateGate(CAREFUL, now)

    def settle(self) -> None:
        """A rate counts what is sent, answered or not."""

    def idle(self, now: float) -> bool:
        return not self._written or now - self._written[-1] >= GROUP_WINDOW

    def _group_wait(self, now: float, priority: Priority) -> float:
        most = GROUP_MOST - GROUP_LEFT[priority]
        oldest = self._written[-most] if len(self._written) >= most else -math.inf
        pause = GROUP_PAUSE if priority >= Priority.DRAFT else 0.0
        latest = self._written[-1] if self._written else -math.inf
        return max(0.0, oldest + GROUP_WINDOW - now, latest + pause - now)


def bucket_of(chat: int, kind: str = "") -> str:
    """*kind*: ``typing`` and ``previews`` count for themselves."""
    return f"telegram:{chat} {kind}".rstrip()


def gate_of(bucket: str, now: float) -> Gate:
    """The gate of what `bucket_of` names."""
    chat, _, kind = bucket.removeprefix("telegram:").partition(" ")
    if kind:
        return RateGate(TYPING, now) if kind == "typing" else RateGate(PREVIEWS, now, PREVIEWS_LEFT)
    return ChatGate(now, group=int(chat) < 0)

"""How often people may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.domain_limits import Frequency, Pace, Whose
from core.errors import TooOften
from core.limits.allowances import Payer, names_of
from core.limits.rates import Rate
from core.ports import Clock
from core.ports_limits import Paces
from core.wording import Sentence

SENTENCES = {
    Whose.USER: Sentence.TOO_OFTEN_USER,
    Whose.CHAT: Sentence.TOO_OFTEN_CHAT,
    Whose.SERVER: Sentence.TOO_OFTEN_SERVER,
    Whose.TOTAL: Sentence.TOO_OFTEN_TOTAL,
}
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """exempt: people whose questions are neither counted nor refused."""

    rates: Mapping[Whose, Rate] = field(default_factory=dict)
    exempt: frozenset[str] = frozenset()


class Throttle:
    def __init__(self, paces: Paces, clock: Clock, policy: ThrottlePolicy) -> None:
        self._paces = paces
        self._clock = clock
        self._policy = policy

    def configure(self, policy: ThrottlePolicy) -> None:
        """This, from the next question on."""
        self._policy = policy

    async def admit(self, key: str, payer: Payer) -> None:
        """Counts the question *key*, once however often it is admitted. Raises TooOften and StoreError."""
        paces = paces_of(self._policy, payer)
        if paces and (delay := await self._paces.admit(key, paces)):
            when = datetime.fromtimestamp(self._minute(delay.seconds), UTC)
            sentence = SENTENCES[paces[delay.short].whose]
            raise TooOften(sentence, retry_after=delay.seconds, when=f"{when:%Y-%m-%d %H:%M} UTC")

    async def frequencies(self, payer: Payer) -> tuple[Frequency, ...]:
        """How everything stands that says how often the payer may ask. Counts nothing. Raises StoreError."""
        paces = paces_of(self._policy, payer)
        levels = await self._paces.levels(paces) if paces else ()
        return tuple(self._frequency(pace, level) for pace, level in zip(paces, levels, strict=True))

    def _frequency(self, pace: Pace, level: float) -> Frequency:
        again, full = (self._minute((permits - level) / pace.per_second) for permits in (1.0, pace.burst))
        return Frequency(pace.whose, int(pace.burst), max(0, int(level)), again, full)

    def _minute(self, seconds: float) -> float:
        """When so many *seconds* are over: minutes are as fine as people look, and the next whole one is never too early."""
        return (self._clock.now() + seconds) // _MINUTE * _MINUTE + _MINUTE


def paces_of(policy: ThrottlePolicy, payer: Payer) -> tuple[Pace, ...]:
    """What limits how often the *payer* may ask, the narrowest first."""
    if payer.user in policy.exempt:
        return ()
    return tuple(
        Pace(f"{whose} {name}", whose, rate.per_second, rate.burst)
        for whose, name in names_of(payer).items()
        if name and (rate := policy.rates.get(whose))
    )

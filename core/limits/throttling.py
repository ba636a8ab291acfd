"""How often people may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.domain_limits import Pace, Whose
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
        paces = () if payer.user in self._policy.exempt else paces_of(self._policy, payer)
        if paces and (delay := await self._paces.admit(key, paces)):
            # Minutes are as fine as people look; the next whole one is never too early.
            when = datetime.fromtimestamp((self._clock.now() + delay.seconds) // _MINUTE * _MINUTE + _MINUTE, UTC)
            sentence = SENTENCES[paces[delay.short].whose]
            raise TooOften(sentence, retry_after=delay.seconds, when=f"{when:%Y-%m-%d %H:%M} UTC")


def paces_of(policy: ThrottlePolicy, payer: Payer) -> tuple[Pace, ...]:
    return tuple(
        Pace(f"{whose} {name}", whose, rate.per_second, rate.burst)
        for whose, name in names_of(payer).items()
        if name and (rate := policy.rates.get(whose))
    )

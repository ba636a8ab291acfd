"""What /budget and /privacy say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.conversations.reports import cost
from core.domain_limits import Balance, Frequency, Unit, Whose
from core.wording import Sentence, say

_TIMES = ((86_400.0, Sentence.TIME_DAYS), (3_600.0, Sentence.TIME_HOURS), (60.0, Sentence.TIME_MINUTES))
"""Seconds of each, the longest first."""
_WHOSE = {
    Whose.USER: Sentence.BUDGET_OF_USER,
    Whose.CHAT: Sentence.BUDGET_OF_CHAT,
    Whose.SERVER: Sentence.BUDGET_OF_SERVER,
    Whose.TOTAL: Sentence.BUDGET_OF_ALL,
}


@dataclass(frozen=True, slots=True)
class Keeping:
    """How conversations are kept. ttl: seconds after the last word; None: until somebody deletes them. sealed: encrypted."""

    ttl: float | None = None
    sealed: bool = False


def budget_text(limits: Sequence[Balance | Frequency], language: str) -> str:
    """How each limit stands, a line each."""
    if not limits:
        return say(Sentence.BUDGET_NONE, language)
    return "\n".join(
        _often(limit, language) if isinstance(limit, Frequency) else _line(limit, language) for limit in limits
    )


def privacy_text(keeping: Keeping, model: str, checked_by: str, language: str) -> str:
    """What becomes of what people say. checked_by: a moderation service, or ""."""
    if keeping.ttl is None:
        kept = say(Sentence.PRIVACY_KEPT, language)
    else:
        kept = say(Sentence.PRIVACY_KEPT_FOR, language, time=_time(keeping.ttl, language))
    sealed = [say(Sentence.PRIVACY_SEALED, language)] if keeping.sealed else []
    sent, counted = say(Sentence.PRIVACY_SENT, language, model=model), say(Sentence.PRIVACY_COUNTED, language)
    checked = [say(Sentence.PRIVACY_CHECKED, language, service=checked_by)] if checked_by else []
    others = [say(sentence, language) for sentence in (Sentence.PRIVACY_COPIES, Sentence.PRIVACY_RIGHTS)]
    return "\n".join([kept, *sealed, sent, *checked, counted, *others])


def _time(seconds: float, language: str) -> str:
    length, sentence = next((each for each in _TIMES if seconds >= each[0]), _TIMES[-1])
    return say(sentence, language, number=f"{round(seconds / length, 1):g}")


def _line(balance: Balance, language: str) -> str:
    def amount(number: int) -> str:
        if balance.unit is Unit.MONEY:
            return cost(number, language)
        return say(Sentence.BUDGET_TOKENS, language, tokens=f"{number:,}")

    return say(
        Sentence.BUDGET_LINE,
        language,
        whose=say(_WHOSE[balance.whose], language),
        used=amount(min(balance.used, balance.limit)),
        limit=amount(balance.limit),
        when=_moment(balance.until),
    )


def _often(frequency: Frequency, language: str) -> str:
    if frequency.left == frequency.most:
        sentence = Sentence.BUDGET_ALL_QUESTIONS
    else:
        sentence = Sentence.BUDGET_SOME_QUESTIONS if frequency.left else Sentence.BUDGET_NO_QUESTION
    return say(
        sentence,
        language,
        whose=say(_WHOSE[frequency.whose], language),
        left=frequency.left,
        most=frequency.most,
        again=_moment(frequency.again),
        full=_moment(frequency.full),
    )


def _moment(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M} UTC"

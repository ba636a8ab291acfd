"""What a process tells those who watch it: counts, waiting times, whether it can work.

Whoever does the work says what happened to a `Watch`. A label is always one of few (a platform, a model of the
configuration, the name of an error): no person, chat or text is ever in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.domain import Usage
from core.tracing import Spans, Untraced


class Phase(StrEnum):
    """A part of the time that somebody waits for an answer."""

    QUEUED = "queued"
    """From the platform's own time of the message until a worker claims it."""
    FIRST_WORD = "first_word"
    """From the claim until the model's first word."""
    WRITTEN = "written"
    """From the claim until the whole answer is kept."""
    SHOWN = "shown"
    """From then until all of it is visible."""


class Ending(StrEnum):
    """How a claim of a turn ended."""

    ANSWERED = "answered"
    FAILED = "failed"
    LOST = "lost"
    """Its lease lapsed, and somebody else holds the turn."""
    POSTPONED = "postponed"
    BROKEN = "broken"
    SET_ASIDE = "set_aside"


class Subject(StrEnum):
    """What moderation checks."""

    QUESTION = "question"
    ANSWER = "answer"


class Checked(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    REFUSED = "refused"
    NOT = "unchecked"
    """The service could not be asked."""


class Watch(Spans, Protocol):
    """Never waits, never fails. *lane* as in `Incoming`; *model* is one of the configuration."""

    def waited(self, lane: str, phase: Phase, seconds: float) -> None: ...

    def ended(self, lane: str, ending: Ending) -> None: ...

    def failed(self, error: str) -> None:
        """Somebody read an error's sentence; *error* is its class."""

    def asked(self, model: str, usage: Usage) -> None:
        """What one answer used."""

    def asked_again(self, model: str, error: str) -> None:
        """A call failed with *error* and is tried again."""

    def penalised(self, platform: str, seconds: float) -> None:
        """The platform wants nothing to be sent for *seconds*, to a chat or at all."""

    def refused(self, platform: str) -> None:
        """The platform could not be written to; it is tried again."""

    def served(self, platform: str, *, on: bool) -> None:
        """*platform* is served from now on; not *on*: it is off, for a reason that only the operator can mend."""

    def moderated(self, subject: Subject, checked: Checked, seconds: float) -> None:
        """A text was checked, which took so long."""

    def opened(self, kind: str, change: int) -> None:
        """*change* more (or less) of something are open in this process: turns, streams, connections."""

    def lined_up(self, provider: str, waiting: int, inside: int) -> None:
        """Of this process so many wait for a place at the provider, and so many have one."""


class Unwatched(Untraced):
    """`Watch` where nobody does."""

    def waited(self, lane: str, phase: Phase, seconds: float) -> None:
        del lane, phase, seconds

    def ended(self, lane: str, ending: Ending) -> None:
        del lane, ending

    def failed(self, error: str) -> None:
        del error

    def asked(self, model: str, usage: Usage) -> None:
        del model, usage

    def asked_again(self, model: str, error: str) -> None:
        del model, error

    def penalised(self, platform: str, seconds: float) -> None:
        del platform, seconds

    def refused(self, platform: str) -> None:
        del platform

    def served(self, platform: str, *, on: bool) -> None:
        del platform, on

    def moderated(self, subject: Subject, checked: Checked, seconds: float) -> None:
        del subject, checked, seconds

    def opened(self, kind: str, change: int) -> None:
        del kind, change

    def lined_up(self, provider: str, waiting: int, inside: int) -> None:
        del provider, waiting, inside


UNWATCHED = Unwatched()


@dataclass(frozen=True, slots=True)
class Exposition:
    """Everything counted, in a format that Prometheus reads."""

    content_type: str
    body: bytes


class Vitals(Protocol):
    """For those who run the process."""

    @property
    def draining(self) -> bool:
        """Whether it was told to end."""

    async def ready(self) -> bool:
        """Whether it may be given work: the store answers, and the process does not drain."""

    async def metrics(self) -> Exposition: ...

"""What is typed, as core's values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.domain import ConversationId, Incoming, PersonId, Sender, TextPart, TurnId

_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[_-]([A-Za-z]{2}|[0-9]{3}))?(?:[.@].*)?")


def language_of(locale: str) -> str:
    """The BCP 47 tag of a POSIX locale such as ``zh_CN.UTF-8``; English for ``C``, ``POSIX`` and what is none."""
    found = _LOCALE.fullmatch(locale)
    if not found:
        return "en"
    return f"{found[1].lower()}-{found[2].upper()}" if found[2] else found[1].lower()


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at which conversation. login: the operating system's name of the person."""

    login: str
    name: str = "default"
    language: str = "en"

    @property
    def conversation(self) -> ConversationId:
        return ConversationId(f"terminal:{self.name}")

    @property
    def person(self) -> PersonId:
        return PersonId(f"terminal:{self.login}")

    @property
    def lane(self) -> str:
        return self.conversation

    def incoming(self, event: str, text: str, at: float) -> Incoming:
        """*text* as a message of the event *event* (any unique name) at the Unix time *at*."""
        return Incoming(
            event_id=TurnId(f"terminal:{event}"),
            conversation=self.conversation,
            lane=self.lane,
            sender=Sender(self.person, self.login, self.language),
            parts=(TextPart(text),) if text else (),
            sent_at=at,
        )

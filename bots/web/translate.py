"""What a page sends, as core's values. Pages know the short names of conversations, turns and messages; the visitor's own
is put before them here, so that nobody can name what is another's."""

from __future__ import annotations

from dataclasses import dataclass

from bots.web.front import LANE
from core.domain import ConversationId, Incoming, MessageId, PersonId, Ref, Sender, TextPart, TurnId

FEED = "feed"
"""The entry of an address that names the feed where the answer's words are published."""


def short(name: str) -> str:
    """What pages call a conversation, a turn or a message."""
    return name.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at a page. visitor: as the cookie says. language: a BCP 47 tag."""

    visitor: str
    language: str = "en"

    @property
    def person(self) -> PersonId:
        return PersonId(f"{LANE}:{self.visitor}")

    @property
    def feed(self) -> str:
        return self.person

    def conversation(self, name: str) -> ConversationId:
        return ConversationId(f"{self.person}/{name}")

    def turn(self, name: str) -> TurnId:
        return TurnId(f"{self.person}/{name}")

    def message(self, name: str) -> MessageId:
        return MessageId(f"{self.person}/{name}")

    def incoming(self, conversation: ConversationId, turn: TurnId, at: float, text: str = "") -> Incoming:
        """*text*, sent at the Unix time *at*; a repeated *turn* is the same one."""
        return Incoming(
            event_id=turn,
            conversation=conversation,
            lane=LANE,
            sender=Sender(self.person, language=self.language),
            parts=(TextPart(text),) if text else (),
            sent_at=at,
            address={FEED: self.feed},
            ref=Ref(turn) if text else None,
        )

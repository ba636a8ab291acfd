"""Messages that belong together though Telegram delivers them one by one: albums, and long texts that a client split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from telegram import Message

from bots.shared.split import utf16_units
from core.domain import ConversationId, Incoming, PersonId

K = TypeVar("K")
V = TypeVar("V")

ALBUM_HOLD = 1.0
"""Seconds for which an album waits for its next part. Telegram delivers them at once."""
PASTE_HOLD = 1.0
"""Seconds for which a part that is full waits for the next one; a client sends them right after each other."""
FULL = 4000
"""UTF-16 units from which a message may be a part that a client cut at 4,096, where it prefers to cut at a space."""
AT_ONCE = 1.0
"""Seconds between the dates of a full part and the next one at most; Telegram gives whole ones."""
MOST_KNOWN = 1000
"""Albums, long texts and updates that are remembered; what belongs to older ones has long arrived."""


@dataclass(frozen=True, slots=True)
class _Full:
    """The last full part of somebody's text."""

    group: str
    at: float


class Joining:
    def __init__(self) -> None:
        self._albums: dict[str, None] = {}
        self._pastes: dict[tuple[ConversationId, PersonId], _Full] = {}

    def placed(self, message: Message, incoming: Incoming, *, addressed: bool) -> Incoming | None:
        """*incoming* with the group that it belongs to. None when it is not meant for the bot: neither is it *addressed*,
        nor does it go on with what was."""
        if message.media_group_id is not None:
            return self._of_album(f"album:{message.media_group_id}", incoming, addressed=addressed)
        return self._of_paste(message.text or "", incoming, addressed=addressed)

    def _of_album(self, group: str, incoming: Incoming, *, addressed: bool) -> Incoming | None:
        if not addressed and group not in self._albums:
            return None
        keep(self._albums, group, None)
        return replace(incoming, group=group, hold=ALBUM_HOLD)

    def _of_paste(self, text: str, incoming: Incoming, *, addressed: bool) -> Incoming | None:
        whose = (incoming.conversation, incoming.sender.id)
        before = self._pastes.pop(whose, None)
        follows = before is not None and incoming.sent_at - before.at <= AT_ONCE and bool(text)
        group = before.group if before is not None and follows else f"paste:{incoming.event_id}"
        if not (addressed or follows):
            return None
        if utf16_units(text) >= FULL:
            keep(self._pastes, whose, _Full(group, incoming.sent_at))
            return replace(incoming, group=group, hold=PASTE_HOLD)
        return replace(incoming, group=group) if follows else incoming


def keep(known: dict[K, V], key: K, value: V) -> None:
    """Forgets the oldest where there are more than `MOST_KNOWN`."""
    known[key] = value
    if len(known) > MOST_KNOWN:
        del known[next(iter(known))]

"""Messages that belong together though Telegram delivers them one by one: albums, and long texts that a client split."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from telegram import Message

from bots.shared.split import utf16_units
from bots.telegram.render import LENGTH
from core.domain import ConversationId, Incoming, Part, PersonId

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
NEAR = 300
"""Characters before a cut in which a client looks for the end of a line at least."""
WIDE = frozenset({"W", "F"})
"""East Asian widths of the signs that need no blank between them."""
MOST_KNOWN = 1000
"""Albums, long texts and updates that are remembered; what belongs to older ones has long arrived."""


@dataclass(frozen=True, slots=True)
class _Full:
    """The last full part of somebody's text."""

    group: str
    text: str
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
        if before is not None and (not text or incoming.sent_at - before.at > AT_ONCE):
            before = None
        if not addressed and before is None:
            return None
        if before is not None:
            parts = _behind(joint(before.text, text), incoming.parts)
            incoming = replace(incoming, group=before.group, parts=parts)
        if utf16_units(text) >= FULL:
            group = incoming.group or f"paste:{incoming.event_id}"
            keep(self._pastes, whose, _Full(group, text, incoming.sent_at))
            return replace(incoming, group=group, hold=PASTE_HOLD)
        return incoming


def joint(before: str, text: str) -> str:
    """What stood between two parts of a long text, as far as it can be told. Telegram takes blanks off both ends of a
    message, and clients rather cut at the end of a line than of a word. What is as long as a message can be was cut where
    it was full, and in Chinese words follow each other without a blank."""
    if utf16_units(before) >= LENGTH:
        return ""
    if "\n" in before[-NEAR:]:
        return "\n"
    return "" if {unicodedata.east_asian_width(sign) for sign in (before[-1], text[0])} & WIDE else " "


def merged(parts: Sequence[Part], edited: Incoming) -> tuple[Part, ...]:
    """*parts* of a question, where those that came with the message *edited* are what it holds now."""
    place = next((number for number, part in enumerate(parts) if part.origin == edited.ref), len(parts))
    before, after = parts[:place], parts[place:]
    now = _behind(after[0].joint, edited.parts) if after else edited.parts
    others = (part for part in after if part.origin != edited.ref)
    return (*before, *(replace(part, origin=edited.ref) for part in now), *others)


def _behind(between: str, parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(part if number else replace(part, joint=between) for number, part in enumerate(parts))


def keep(known: dict[K, V], key: K, value: V) -> None:
    """Forgets the oldest where there are more than `MOST_KNOWN`."""
    known[key] = value
    if len(known) > MOST_KNOWN:
        del known[next(iter(known))]

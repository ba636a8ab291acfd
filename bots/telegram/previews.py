"""Words that are still being written, as Telegram previews them in private chats ("sendMessageDraft" in the Bot API).

Since its version 10.3 a preview can have Telegram's own button to stop it; the library does not know it yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from telegram import Bot

from bots.shared.surface import Page, SurfaceRefused
from bots.telegram.library import UnknownHere, attempt
from bots.telegram.render import rendered
from bots.telegram.translate import Place

LASTS = 25.0
"""Seconds: Telegram takes a preview away after 30 ("sendMessageDraft")."""
LARGEST = 2**31 - 2
"""Of the numbers that name previews; 0 names none."""
STOPPABLE = {"can_stop": True, "keep_on_stop": True}
"""With the button; what was written stays until the message takes its place."""


@dataclass(slots=True)
class Offer:
    """Whether the server has previews: assumed until it refuses the first of all. stoppable: and so that people can stop
    them. proven: it has shown one, so what it refuses later is that one only."""

    wanted: bool
    stoppable: bool = True
    proven: bool = False


class Drafts:
    """`Previews` of one answer."""

    lasts = LASTS

    def __init__(self, bot: Bot, place: Place, offer: Offer) -> None:
        self._bot = bot
        self._place = place
        self._offer = offer

    async def show(self, page: Page, nonce: str) -> None:
        shown, name = rendered(page.text, growing=True), int(nonce[:8], 16) % LARGEST + 1
        try:
            await attempt(
                self._bot.send_message_draft(
                    self._place.chat,
                    name,
                    shown.text,
                    message_thread_id=self._place.topic,
                    entities=shown.entities,
                    api_kwargs=STOPPABLE if self._offer.stoppable else None,
                )
            )
        except SurfaceRefused as problem:
            if self._offer.proven:
                raise
            if not self._offer.stoppable or isinstance(problem, UnknownHere):
                self._offer.wanted = False
                raise
            self._offer.stoppable = False  # a server that takes nothing it does not know
            await self.show(page, nonce)
        self._offer.proven = True


def drafts_for(bot: Bot, place: Place, offer: Offer) -> Drafts | None:
    return Drafts(bot, place, offer) if offer.wanted and place.private else None

"""Groups that became supergroups: Telegram gives them another id, and the conversation goes on."""

from __future__ import annotations

from dataclasses import replace

import structlog
from telegram import Message

from bots.shared.patience import Patience
from bots.telegram.translate import LANE, place_at
from core.domain import ConversationId, Incoming
from core.ports import Bookmarks

log = structlog.get_logger(__name__)

MOVED = f"{LANE}.moved"
"""The lane of the bookmarks that say which group a supergroup was: its id without the sign."""


class Homes:
    """Where the conversations of chats are kept that had another id once."""

    def __init__(self, bookmarks: Bookmarks, patience: Patience) -> None:
        self._bookmarks = bookmarks
        self._patience = patience
        self._homes: dict[int, int] = {}

    async def note(self, message: Message) -> None:
        """Remembers what a message of Telegram's own says of a move."""
        if message.migrate_to_chat_id:
            await self._remember(message.chat.id, message.migrate_to_chat_id)
        elif message.migrate_from_chat_id:
            await self._remember(message.migrate_from_chat_id, message.chat.id)

    async def of(self, chat: int) -> int:
        """The id under which the conversations of *chat* are kept. A move is noted before anything is said in the new
        chat, so what was looked up once stays so."""
        if chat > 0:
            return chat  # nobody's private chat moves
        if chat not in self._homes:
            places = await self._patience.patiently(lambda: self._bookmarks.places(MOVED))
            known = places.get(str(chat))
            self._homes[chat] = chat if known is None else -known
        if self._homes[chat] != chat:
            await self._remember(self._homes[chat], chat)  # a bookmark that nobody notes again is forgotten
        return self._homes[chat]

    async def _remember(self, old: int, new: int) -> None:
        await self._patience.patiently(lambda: self._bookmarks.note(MOVED, str(new), -old))
        if self._homes.get(new) != old:
            log.info("telegram.moved", old=old, new=new)
        self._homes[new] = old


def at_home(incoming: Incoming, home: int) -> Incoming:
    """*incoming* in the conversation that it goes on with. home: what `Homes.of` says of its chat."""
    chat = place_at(incoming.address).chat
    if home == chat:
        return incoming
    kept = incoming.conversation.replace(f"telegram:{chat}", f"telegram:{home}", 1)
    return replace(incoming, conversation=ConversationId(kept), places=(f"telegram:{chat}",))

"""A visitor at one conversation: what every route about it begins with."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request

from bots.shared.platform import Desk
from bots.web import render
from bots.web.front import Front, visitor_of
from bots.web.refusing import ConversationUnknown
from bots.web.translate import Seat, short
from core.domain import ConversationId, Incoming
from core.domain_sharing import Shelved
from core.errors import StoreError

NAME = re.compile(r"[A-Za-z0-9-]{8,40}")
"""What pages may call conversations and turns."""


@dataclass(frozen=True, slots=True)
class Place:
    desk: Desk
    seat: Seat
    conversation: ConversationId

    def incoming(self, turn: str = "", text: str = "") -> Incoming:
        """Something sent now. turn: the page's name for it."""
        desk = self.desk
        named = self.seat.turn(turn or desk.chance.name())
        return self.seat.incoming(self.conversation, named, desk.clock.now(), text)

    async def shelved(self) -> Shelved:
        """Raises ConversationUnknown."""
        for entry in await self.desk.store.shelf(self.seat.person):
            if entry.conversation == self.conversation:
                return entry
        raise ConversationUnknown

    async def announce(self, asked: Incoming) -> None:
        """Tells all pages of the visitor what is asked."""
        await self.tell("asked", turn=short(asked.event_id), question=await self.question(asked))

    async def question(self, asked: Incoming, words: str = "") -> render.Json:
        """words: of its answer so far."""
        revised = await self.desk.store.shown_as(self.conversation, asked.revises) if asked.revises else None
        return render.question(asked, revised, words)

    async def tell(self, kind: str, **fields: object) -> None:
        """Publishes an event to all pages of the visitor. Where the store is away, they find out by themselves."""
        with suppress(StoreError):
            event = render.encoded(kind, conversation=short(self.conversation), **fields)
            await self.desk.store.publish(self.seat.feed, event)


def seat_of(request: Request) -> Seat:
    visitor = visitor_of(request)
    return Seat(visitor.id, visitor.language)


def place_of(front: Front, request: Request) -> Place:
    """Raises ConversationUnknown for what no page calls a conversation."""
    name = request.path_params["conversation"]
    if not NAME.fullmatch(name):
        raise ConversationUnknown
    seat = seat_of(request)
    return Place(front.desk, seat, seat.conversation(name))

"""The routes about a visitor's conversations: the shelf of them, and one of them as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import PurePath
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bots.web import render
from bots.web.front import Front, Routes
from bots.web.places import Place, place_of, seat_of
from bots.web.refusing import ConversationUnknown, MessageUnknown, body_of, told
from bots.web.viewing import choices, view
from core.conversations.cleaning import clean
from core.conversations.exporting import Document, branch, markdown, tree
from core.conversations.reports import excerpt
from core.domain import ConversationId, Message, MessageId

FOUND = 50
"""Conversations that a search gives at most."""
LONGEST_TITLE = 120
"""Characters."""
UNSAFE = re.compile(r"[\\/:*?\"<>|\x00-\x1f]+")
"""What file systems do not take in a name."""


class Change(BaseModel):
    """What is to be different. show: the message, question or answer, whose branch is gone on from."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = None
    model: str | None = None
    persona: str | None = None
    show: str | None = None


def routes(front: Front) -> Routes:
    shelf = ShelfRoutes(front)
    one = "/api/conversations/{conversation}"
    return [
        Route("/api/session", told(shelf.session)),
        Route("/api/conversations", told(shelf.listed)),
        Route(one, told(shelf.shown), methods=["GET"]),
        Route(one, told(shelf.changed), methods=["PATCH"]),
        Route(one, told(shelf.removed), methods=["DELETE"]),
        Route(f"{one}/context", told(shelf.context)),
        Route(f"{one}/export", told(shelf.exported)),
    ]


class ShelfRoutes:
    def __init__(self, front: Front) -> None:
        self._front = front
        self._store = front.desk.store
        self._commands = front.desk.commands

    async def session(self, request: Request) -> Response:
        """What there is to choose from, and from where a page without a conversation follows what happens."""
        seat = seat_of(request)
        feed = await self._store.newest(seat.feed)
        place = Place(self._front.desk, seat, seat.conversation(""))
        menu = self._commands.allowed(place.incoming())
        content = {
            "models": [render.choice(choice) for choice in await choices(place, "model")],
            "personas": [render.choice(choice) for choice in await choices(place, "persona")],
            "commands": [render.command(command, seat.language) for command in menu],
            "language": seat.language,
            "feed": feed,
        }
        return JSONResponse(content)

    async def listed(self, request: Request) -> Response:
        person, words = seat_of(request).person, request.query_params.get("search", "").strip()
        entries = await (self._store.search(person, words, FOUND) if words else self._store.shelf(person))
        return JSONResponse({"conversations": [render.shelved(entry) for entry in entries]})

    async def shown(self, request: Request) -> Response:
        return JSONResponse(await view(place_of(self._front, request)))

    async def changed(self, request: Request) -> Response:
        place, change = place_of(self._front, request), await body_of(request, Change)
        await place.shelved()
        if change.title is not None:
            title = excerpt(clean(change.title), LONGEST_TITLE)
            await self._store.shelve(place.seat.person, place.conversation, title, rename=True)
        await choose(place, change.model, change.persona)
        if change.show is not None:
            await self._go_to(place, place.seat.message(change.show))
        await place.tell("changed")
        return JSONResponse(await view(place))

    async def _go_to(self, place: Place, wanted: MessageId) -> None:
        """The newest branch that *wanted* is on is gone on from. Raises MessageUnknown."""
        leaf = newest_under(wanted, await self._store.messages(place.conversation))
        if leaf is None:
            raise MessageUnknown
        if leaf != (await self._store.conversation(place.conversation)).head:
            await self._store.move(place.conversation, leaf)

    async def removed(self, request: Request) -> Response:
        """Also while an answer is being written: nothing of it comes back."""
        place = place_of(self._front, request)
        await self._store.stop(place.conversation)
        if not await self._store.remove(place.seat.person, place.conversation):
            raise ConversationUnknown
        await place.tell("removed")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def context(self, request: Request) -> Response:
        place = place_of(self._front, request)
        await place.shelved()
        report = await self._commands.context(place.incoming())
        return JSONResponse(render.context(report, await self._store.usage(place.conversation)))

    async def exported(self, request: Request) -> Response:
        """The branch as Markdown, or the whole tree as JSON."""
        place = place_of(self._front, request)
        entry, incoming = await place.shelved(), place.incoming()
        await self._commands.admit(incoming, "export")
        state = await self._store.conversation(place.conversation)
        everything = await self._store.messages(place.conversation)
        if request.query_params.get("format") == "json":
            return _download(tree(state, everything, incoming.sent_at), entry.title)
        titled = replace(state, id=ConversationId(entry.title))
        path = branch(everything, state.head)
        return _download(markdown(titled, path, incoming.sent_at, place.seat.language), entry.title)


def _download(document: Document, title: str) -> Response:
    """Named after the conversation's title."""
    name = " ".join(UNSAFE.sub(" ", title).split()).strip(".") + PurePath(document.name).suffix
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(document.content, media_type=document.media_type, headers=headers)


async def choose(place: Place, model: str | None, persona: str | None) -> None:
    """As the commands of these names do. Raises BadArgument and NotAllowed."""
    for command, value in (("model", model), ("persona", persona)):
        if value is not None:
            await place.desk.commands.run(command, value, place.incoming())


def newest_under(wanted: MessageId, everything: Sequence[Message]) -> MessageId | None:
    """The leaf that was kept last of those below *wanted*, or itself; None where there is no such message. *everything*:
    oldest first."""
    below: set[MessageId | None] = set()
    leaf = None
    for message in everything:
        if message.id == wanted or message.parent in below:
            below.add(message.id)
            leaf = message.id
    return leaf

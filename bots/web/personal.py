"""The routes about a visitor themself: everything that is kept about them, as a file or deleted."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bots.web.door import leave
from bots.web.front import Front, Routes
from bots.web.places import Place, seat_of
from bots.web.refusing import told
from bots.web.translate import Seat
from core.conversations.dossier import dossier
from core.conversations.personal import ME
from core.wording import Sentence, say


def routes(front: Front) -> Routes:
    here = PersonalRoutes(front)
    return [Route("/api/me", told(here.forgotten), methods=["DELETE"]), Route("/api/me/export", told(here.exported))]


class PersonalRoutes:
    def __init__(self, front: Front) -> None:
        self._front = front
        self._desk = front.desk

    async def forgotten(self, request: Request) -> Response:
        """How many rows; the browser is nobody's from then on."""
        seat = await self._admitted(request, "forget")
        rows = await self._desk.store.forget_person(seat.person, say(Sentence.MESSAGE_DELETED, seat.language))
        response = JSONResponse({"rows": rows})
        leave(response, request)
        return response

    async def exported(self, request: Request) -> Response:
        seat = await self._admitted(request, "export")
        document = (await dossier(self._desk.store, seat.person, self._desk.clock.now())).document
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(document.name)}"}
        return Response(document.content, media_type=document.media_type, headers=headers)

    async def _admitted(self, request: Request, command: str) -> Seat:
        """Who asks, if they may run *command* for themselves. Raises NotAllowed."""
        seat = seat_of(request)
        await self._desk.commands.admit(Place(self._desk, seat, seat.conversation("")).incoming(), command, ME)
        return seat

"""The routes by which something is said in a conversation: a question, a command, a press of a button. What is accepted
is in the inbox, or done; a request that comes again changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bots.web import render
from bots.web.conversations import choose
from bots.web.door import leave
from bots.web.front import Front, Routes
from bots.web.once import once
from bots.web.places import NAME, Place, place_of
from bots.web.refusing import MessageUnknown, TooLate, body_of, told
from bots.web.translate import short
from core.conversations.cleaning import clean
from core.conversations.commands import parse
from core.conversations.reports import excerpt
from core.domain import Finish, Incoming, Message, Ref, Role, TurnId, answer_id, text_of
from core.errors import QuestionGone
from core.wording import Sentence, say

Name = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]


class Said(BaseModel):
    """id: the page's name for it. edits: the earlier question that this one takes the place of. model, persona: for a
    conversation that begins with it."""

    model_config = ConfigDict(extra="forbid")

    id: Name
    text: str
    edits: str | None = None
    model: str | None = None
    persona: str | None = None


class Pressed(BaseModel):
    """answer: the one with the button; None: the last one."""

    model_config = ConfigDict(extra="forbid")

    id: Name
    answer: str | None = None


class Halted(BaseModel):
    """turn: whose answer is to end; None: the one that is being written."""

    model_config = ConfigDict(extra="forbid")

    turn: Name | None = None


def routes(front: Front) -> Routes:
    here = MessageRoutes(front)
    handlers = {
        "messages": told(here.said, Sentence.STORE_AWAY),
        "retry": told(here.retried),
        "continue": told(here.continued),
        "stop": told(here.stopped),
    }
    return [
        Route(f"/api/conversations/{{conversation}}/{name}", handler, methods=["POST"])
        for name, handler in handlers.items()
    ]


class MessageRoutes:
    def __init__(self, front: Front) -> None:
        self._front = front
        self._store = front.desk.store
        self._commands = front.desk.commands

    async def said(self, request: Request) -> Response:
        place, said = place_of(self._front, request), await body_of(request, Said)
        incoming = place.incoming(said.id, clean(said.text))
        command = parse(text_of(incoming.parts))
        if command and said.edits is None:
            return await self._run(request, place, command, incoming)
        await self._commands.admit(incoming)
        await choose(place, said.model, said.persona)
        return await self._put(place, replace(incoming, revises=await self._edited(place, said.edits)))

    async def retried(self, request: Request) -> Response:
        """Another answer in the place of one, or what failed once more."""
        place, pressed = place_of(self._front, request), await body_of(request, Pressed)
        incoming = place.incoming(pressed.id)
        if pressed.answer is None:
            reaction = await self._commands.run("retry", "", incoming)
            return await self._under_way(place, reaction.turn)
        await self._commands.admit(incoming, "retry")
        if await self._is_known(place, incoming.event_id):
            return _accepted(incoming.event_id)
        answer = await self._kept(place, pressed.answer, Role.ASSISTANT)
        await self._stand_at(place, answer)
        return await self._put(place, replace(incoming, again=answer.parent))

    async def continued(self, request: Request) -> Response:
        """The rest of an answer that stopped for its length."""
        place, pressed = place_of(self._front, request), await body_of(request, Pressed)
        incoming = place.incoming(pressed.id, say(Sentence.GO_ON, place.seat.language))
        await self._commands.admit(incoming)
        if await self._is_known(place, incoming.event_id):
            return _accepted(incoming.event_id)
        head = (await self._store.conversation(place.conversation)).head
        answer = await self._kept(place, pressed.answer or short(head or ""), Role.ASSISTANT)
        if answer.finish is not Finish.LENGTH:
            raise TooLate
        await self._stand_at(place, answer)
        return await self._put(place, incoming)

    async def stopped(self, request: Request) -> Response:
        """The answer that is being written ends; a question that waits is taken back."""
        place, halted = place_of(self._front, request), await body_of(request, Halted)
        turn = place.seat.turn(halted.turn) if halted.turn else None
        await self._commands.admit(place.incoming(), "stop")
        stopped = await self._store.stop(place.conversation, turn)
        if not stopped and turn:
            stopped = await self._store.withdraw(place.conversation, Ref(turn))
            await place.tell("changed")
        return JSONResponse({"stopped": stopped})

    async def _run(self, request: Request, place: Place, command: tuple[str, str], incoming: Incoming) -> Response:
        """What a command that was typed has to say."""

        async def run() -> str:
            reaction = await self._commands.run(*command, replace(incoming, parts=(), ref=None))
            if reaction.turn:
                await self._under_way(place, reaction.turn)
            if not reaction.forgotten:  # nothing is to be said in the name of who is
                await place.tell("removed" if reaction.removed else "changed")
            return json.dumps({"reaction": render.reaction(reaction)})

        said = await once(self._store, incoming.event_id, text_of(incoming.parts), run)
        response = Response(said, media_type="application/json")
        if json.loads(said)["reaction"]["forgotten"]:
            leave(response, request)
        return response

    async def _under_way(self, place: Place, turn: TurnId | None) -> Response:
        """What a command set going. Raises QuestionGone where that is nothing."""
        if turn is None:
            raise QuestionGone
        asked = await self._store.asked(place.conversation, turn)
        if asked is not None:
            await place.announce(asked)
        return _accepted(turn)

    async def _put(self, place: Place, incoming: Incoming) -> Response:
        if await self._store.put(incoming):
            await place.announce(incoming)
        title = excerpt(text_of(incoming.parts))
        await self._store.shelve(place.seat.person, place.conversation, title)
        return _accepted(incoming.event_id)

    async def _is_known(self, place: Place, turn: TurnId) -> bool:
        """Whether this request came before: what it made of the conversation is not to be judged, or done, again."""
        asked = await self._store.asked(place.conversation, turn)
        return asked is not None or await self._store.message(place.conversation, answer_id(turn)) is not None

    async def _edited(self, place: Place, question: str | None) -> Ref | None:
        """The name under which the inbox knows the *question* to be replaced. Raises MessageUnknown."""
        if question is None:
            return None
        kept = await self._kept(place, question, Role.USER)
        refs = await self._store.refs(place.conversation, kept.id)
        if not refs:
            raise MessageUnknown
        return refs[-1]

    async def _kept(self, place: Place, name: str, role: Role) -> Message:
        """Raises MessageUnknown."""
        kept = await self._store.message(place.conversation, place.seat.message(name))
        if kept is None or kept.role is not role:
            raise MessageUnknown
        return kept

    async def _stand_at(self, place: Place, answer: Message) -> None:
        """The conversation goes on from *answer*, unless it stands at its question or at an answer to that."""
        head = (await self._store.conversation(place.conversation)).head
        standing = await self._store.message(place.conversation, head) if head else None
        if standing is None or answer.parent not in {standing.id, standing.parent}:
            await self._store.move(place.conversation, answer.id)


def _accepted(turn: TurnId) -> Response:
    return JSONResponse({"turn": short(turn)}, HTTPStatus.ACCEPTED)

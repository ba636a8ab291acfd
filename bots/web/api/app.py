"""`/v1`: what clients of OpenAI's Chat Completions speak, and `/openapi.json`, which describes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from bots.web.api.clients import Client, Clients
from bots.web.api.keeping import Keeping, turn_of
from bots.web.api.openapi import document
from bots.web.api.outlet import Answer, Outlet, Work
from bots.web.api.passing import Passing
from bots.web.api.problems import Refusal, refusal, refusal_at
from bots.web.api.repeating import LONGEST_KEY, Background, Repeating, digest_of
from bots.web.api.requests import Asked, read
from bots.web.exposure import exposure_of
from bots.web.front import Front, Routes
from core.completions import Frame
from core.errors import StoreError
from core.limits.repeats import Repeats
from core.watching import Watch

log = structlog.get_logger(__name__)

KEY, CONVERSATION, TRACE = "Idempotency-Key", "X-Conversation", "traceparent"
"""Headers."""
COMPLETIONS = "/chat/completions"


@asynccontextmanager
async def open_api(front: Front) -> AsyncIterator[Routes]:
    web = front.config.web
    background = Background()
    api = Api(front, Clients(front.entrance, exposure_of(web), bool(web.clients)), background)
    try:
        yield [Route("/openapi.json", api.openapi), Mount("/v1", api.app)]
    finally:
        await background.close()


@dataclass(frozen=True, slots=True)
class Api:
    front: Front
    clients: Clients
    background: Background
    outage: Repeats = field(default_factory=Repeats)

    @property
    def app(self) -> Starlette:
        routes = [
            Route(COMPLETIONS, self.completions, methods=["POST"]),
            Route("/models", self.models),
            Route("/models/{model:path}", self.model),
        ]
        told: dict[Any, Any] = {
            Refusal: _told,
            HTTPException: _not_served,
            StoreError: self._away,
            ClientDisconnect: _gone,
            500: _broken,
        }
        app = Starlette(routes=routes, exception_handlers=told)
        app.router.redirect_slashes = False
        return app

    async def completions(self, request: Request) -> Response:
        client = await self.clients.of(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise refusal_at(415)
        raw = await request.body()
        asked = read(raw, request.headers.get(CONVERSATION))
        permitted = await self._permitted(client)
        if model := asked.body.get("model"):
            _check_model(model, permitted)
        if asked.conversation is not None and client.shared:
            raise Refusal(403, "Conversations need a key, so that they are somebody's.", "not_allowed", "conversation")
        key = request.headers.get(KEY, "")
        if len(key) > LONGEST_KEY:
            raise Refusal(400, f"{KEY}: expected at most {LONGEST_KEY} characters.", "invalid_value")
        desk, kept = self.front.desk, asked.conversation is not None
        digest = digest_of(key.encode(), str(asked.conversation).encode(), raw)
        work: Work = self._passing(client, asked, permitted)
        if kept:
            work = await self._keeping(client, asked, permitted, digest if key else desk.chance.name())
        if key:
            name = f"{client.person}/{key}"
            work = Repeating(desk.store, desk.clock, self.background, name, digest, work, joins=kept)
        return Answer(partial(_watched, work, desk.watch, request.headers.get(TRACE, "")), self.outage)

    async def models(self, request: Request) -> Response:
        listed = [_described(name) for name in await self._permitted(await self.clients.of(request))]
        return JSONResponse({"object": "list", "data": listed})

    async def model(self, request: Request) -> Response:
        name = request.path_params["model"]
        _check_model(name, await self._permitted(await self.clients.of(request)))
        return JSONResponse(_described(name))

    async def openapi(self, _: Request) -> Response:
        return JSONResponse(document())

    async def _permitted(self, client: Client) -> tuple[str, ...]:
        """The models that the client may ask. Raises Refusal for who is blocked."""
        services, request = self.front.desk.services, client.request(self.front.desk.clock.now())
        access = await services.admission.access()
        if access.blocks(request):
            raise Refusal(403, "This client is blocked.", "not_allowed")
        return access.models(request, services.models.names())

    def _passing(self, client: Client, asked: Asked, permitted: tuple[str, ...]) -> Work:
        desk = self.front.desk
        admit = partial(self._permitted, client)
        return Passing(desk.relaying, desk.watch, client, asked, permitted, self._frame(""), admit)

    async def _keeping(self, client: Client, asked: Asked, permitted: tuple[str, ...], turn: str) -> Work:
        desk = self.front.desk
        incoming = turn_of(client, asked, turn, desk.clock.now())
        if not incoming.model:
            kept = (await desk.store.conversation(incoming.conversation)).model
            incoming = replace(incoming, model=self._usual(kept, permitted))
        frame = self._frame(incoming.model)
        return Keeping(desk.store, desk.clock, incoming, frame, asked.streamed, asked.wants_usage, desk.watch)

    def _usual(self, wanted: str, permitted: tuple[str, ...]) -> str:
        """The model *wanted* or else the default, or where the client may ask neither, the first one that it may. Raises
        Refusal."""
        models = self.front.desk.services.models
        usual = models.get(wanted).spec.id
        if usual in permitted or not models.names():
            return usual
        if not permitted:
            raise _unknown(usual)
        return permitted[0]

    async def _away(self, _: Request, problem: StoreError) -> Response:
        self.outage.warn(log, "api.store_away", detail=str(problem))
        return refusal_at(503).response()

    def _frame(self, model: str) -> Frame:
        desk = self.front.desk
        return Frame(f"chatcmpl-{desk.chance.name()}", int(desk.clock.now()), model)


def _check_model(name: str, permitted: Sequence[str]) -> None:
    if name not in permitted:
        raise _unknown(name)


def _described(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "parlour"}


async def _watched(work: Work, watch: Watch, trace: str, outlet: Outlet) -> None:
    with watch.request(f"/v1{COMPLETIONS}", trace):
        await work(outlet)


def _unknown(model: str) -> Refusal:
    said = f"The model '{model}' does not exist or you do not have access to it."
    return Refusal(404, said, "model_not_found", "model")


async def _told(_: Request, problem: Refusal) -> Response:
    return problem.response()


async def _not_served(_: Request, problem: HTTPException) -> Response:
    return refusal(problem.status_code, problem.headers)


async def _gone(_: Request, __: ClientDisconnect) -> Response:
    """In the middle of its own request: nobody reads this."""
    return Response()


async def _broken(_: Request, problem: Exception) -> Response:
    log.error("api.broken", error=repr(problem))
    return refusal_at(500).response()

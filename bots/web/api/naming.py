"""Every answer under `/v1` names its request, as those of OpenAI do: the log has the name too, so that whoever asks about
one can say which."""

from __future__ import annotations

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bots.web.notices import API
from core.ports import Chance

HEADER = "X-Request-Id"


class Naming:
    """Before the door, so that what is turned away there has a name too."""

    def __init__(self, app: ASGIApp, chance: Chance) -> None:
        self._app = app
        self._chance = chance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(API):
            return await self._app(scope, receive, send)
        name = f"req_{self._chance.name()}"
        with structlog.contextvars.bound_contextvars(request=name):
            return await self._app(scope, receive, _named(send, name))


def _named(send: Send, name: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[HEADER] = name
        await send(message)

    return sending

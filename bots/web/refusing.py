"""What a page is told where something is not done: a sentence, a code and a status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bots.web.front import visitor_of
from core.errors import ChatError, InputError, MessageTooLong, NoAdmins, NotAllowed, NotLetIn, QuestionGone, StoreError
from core.limits.repeats import Repeats
from core.wording import Sentence, say

log = structlog.get_logger(__name__)
Body = TypeVar("Body", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]


class ConversationUnknown(InputError):
    """There is none, or it is another's: who asks cannot tell."""

    sentence = Sentence.WEB_CONVERSATION_UNKNOWN


class MessageUnknown(InputError):
    sentence = Sentence.WEB_MESSAGE_UNKNOWN


class RequestUnreadable(InputError):
    """values: place."""

    sentence = Sentence.WEB_REQUEST_UNREADABLE


class TooLate(InputError):
    """The conversation has gone on: what was to be done is done, or makes no sense any more."""

    sentence = Sentence.BUTTON_STALE


STATUSES: dict[type[ChatError], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotLetIn: HTTPStatus.FORBIDDEN,
    NoAdmins: HTTPStatus.FORBIDDEN,
    ConversationUnknown: HTTPStatus.NOT_FOUND,
    MessageUnknown: HTTPStatus.NOT_FOUND,
    QuestionGone: HTTPStatus.CONFLICT,
    TooLate: HTTPStatus.CONFLICT,
    MessageTooLong: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
"""Any other one is about what was sent."""


def refusal(status: HTTPStatus, code: str, message: str) -> Response:
    return JSONResponse({"error": {"message": message, "code": code}}, status)


def told(handler: Handler, away: Sentence = Sentence.STORE_AWAY_UNDONE) -> Handler:
    """*handler*, with what it raises told to the page. away: what is said where the store is."""
    outage = Repeats()

    async def answered(request: Request) -> Response:
        language = visitor_of(request).language
        try:
            response = await handler(request)
        except ChatError as problem:
            status = STATUSES.get(type(problem), HTTPStatus.UNPROCESSABLE_ENTITY)
            return refusal(status, problem.sentence.value, say(problem.sentence, language, **problem.values))
        except StoreError as problem:
            outage.warn(log, "page.store_away", detail=str(problem))
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, Sentence.STORE_AWAY.value, say(away, language))
        else:
            outage.over()
            return response

    return answered


async def body_of(request: Request, shape: type[Body]) -> Body:
    """Raises RequestUnreadable."""
    try:
        return shape.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        raise RequestUnreadable(place=".".join(map(str, error.errors()[0]["loc"])) or "JSON") from error

"""What a program is told where something is not done, as OpenAI tells it. Source: OpenAI API reference, "Errors".

These sentences are read by programs and those who write them: they are in English everywhere, as those of OpenAI are,
and speak of requests where the sentences for people speak of commands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response

from core.errors import ChatError, RequestRefused, WindowExceeded
from core.wording import Sentence, say

INVALID, SERVER, LIMITED, QUOTA = "invalid_request_error", "server_error", "rate_limit_error", "insufficient_quota"


class Refusal(Exception):
    """Ends a request. kind, code, param: OpenAI's `type`, `code` and `param`, the field of the request that is at fault.
    retry_after: seconds."""

    def __init__(
        self, status: int, message: str, code: str | None = None, param: str | None = None, *, kind: str = INVALID
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        self.retry_after: float | None = None

    @property
    def body(self) -> dict[str, Any]:
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(math.ceil(self.retry_after))}

    def response(self) -> Response:
        return JSONResponse(self.body, self.status, self.headers)


@dataclass(frozen=True, slots=True)
class Kind:
    """How an error of a turn is told. message: empty where the sentence that people read says it best."""

    status: int
    kind: str
    code: str
    message: str = ""
    param: str | None = None


_UNREACHABLE = Kind(503, SERVER, "model_unreachable", "The model cannot be reached right now. Try again in a while.")
_OTHER = Kind(500, SERVER, "internal_error", "The server had an error while processing your request.")
_SPENT = (
    Sentence.BUDGET_SPENT_USER,
    Sentence.BUDGET_SPENT_CHAT,
    Sentence.BUDGET_SPENT_SERVER,
    Sentence.BUDGET_SPENT_TOTAL,
)
_TOO_OFTEN = (
    Sentence.TOO_OFTEN_USER,
    Sentence.TOO_OFTEN_CHAT,
    Sentence.TOO_OFTEN_SERVER,
    Sentence.TOO_OFTEN_TOTAL,
)
_KINDS = {
    Sentence.EMPTY_MESSAGE: Kind(400, INVALID, "empty_message", "There is no text in the message.", "messages"),
    Sentence.MESSAGE_TOO_LONG: Kind(400, INVALID, "context_length_exceeded", param="messages"),
    Sentence.WINDOW_EXCEEDED: Kind(
        400, INVALID, "context_length_exceeded", "The messages are longer than the model's context window.", "messages"
    ),
    Sentence.MESSAGE_TOO_OLD: Kind(503, SERVER, "too_late", "The request waited for too long. Send it again."),
    Sentence.NOT_ALLOWED: Kind(403, INVALID, "not_allowed"),
    Sentence.NOT_LET_IN: Kind(403, INVALID, "not_allowed"),
    Sentence.MODEL_UNREACHABLE: _UNREACHABLE,
    Sentence.MODEL_BUSY: Kind(429, LIMITED, "rate_limit_exceeded", "The model is overloaded. Try again in a while."),
    Sentence.MODEL_STALLED: Kind(504, SERVER, "model_stalled", "The model stopped answering. Try again."),
    Sentence.MODEL_GARBLED: Kind(502, SERVER, "model_garbled", "The model's answer could not be read. Try again."),
    Sentence.MODEL_KEY_REFUSED: Kind(502, SERVER, "model_key_refused"),
    Sentence.MODEL_UNKNOWN: Kind(502, SERVER, "model_unavailable", "The model is not known to its service.", "model"),
    Sentence.MODEL_NO_CREDIT: Kind(503, SERVER, "model_no_credit"),
    Sentence.MODEL_NONE: Kind(503, SERVER, "model_none", "No model can be used on this server yet."),
    Sentence.CONTENT_REFUSED: Kind(400, INVALID, "content_filter", param="messages"),
    Sentence.QUESTION_FLAGGED: Kind(400, INVALID, "content_filter", param="messages"),
    Sentence.ANSWER_FLAGGED: Kind(400, INVALID, "content_filter"),
    Sentence.NOT_MODERATED: Kind(
        503, SERVER, "not_moderated", "It could not be checked whether this may be answered. Try again in a while."
    ),
    Sentence.PICTURE_NOT_MODERATED: Kind(
        400, INVALID, "not_moderated", "A picture cannot be checked here, and is refused for that.", "messages"
    ),
    Sentence.REQUEST_REFUSED: Kind(400, INVALID, "invalid_value", "The model did not accept the request."),
    **dict.fromkeys(_SPENT, Kind(429, QUOTA, QUOTA)),
    **dict.fromkeys(_TOO_OFTEN, Kind(429, LIMITED, "rate_limit_exceeded")),
    Sentence.STOPPED: Kind(409, INVALID, "stopped", "The answer was stopped before its first word."),
    Sentence.GAVE_UP: Kind(503, SERVER, "gave_up", "No answer came, however often it was tried."),
}
_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 422}
"""Statuses of a model's server that say something of the request, and are passed on."""


STATUSES = {
    HTTPStatus.BAD_REQUEST: ("invalid_request", "The request cannot be served."),
    HTTPStatus.UNAUTHORIZED: ("invalid_api_key", "Incorrect API key provided."),
    HTTPStatus.FORBIDDEN: ("not_allowed", "This request may not come from there."),
    HTTPStatus.NOT_FOUND: ("unknown_url", "Unknown request URL."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This method is not allowed for this URL."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("request_too_large", "The request's body is too large."),
    HTTPStatus.MISDIRECTED_REQUEST: ("unknown_host", "This server does not go by that name."),
    HTTPStatus.TOO_MANY_REQUESTS: ("rate_limit_exceeded", "Too many requests. Try again in a while."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("unsupported_media_type", "Expected a body of the type application/json."),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("unprocessable", "The request does not go with an earlier one."),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("internal_error", "The server had an error while processing your request."),
    HTTPStatus.BAD_GATEWAY: ("bad_gateway", "The model's answer could not be read."),
    HTTPStatus.GATEWAY_TIMEOUT: ("gateway_timeout", "The model stopped answering."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("unavailable", "The server cannot work right now. Try again in a while."),
}


def refusal_of(problem: ChatError) -> Refusal:
    """How a program is told of *problem*."""
    found = refusal_for(problem.sentence, say(problem.sentence, "en", **problem.values), problem.retry_after)
    if isinstance(problem, WindowExceeded) and problem.limit:
        found.message = f"{found.message[:-1]} of {problem.limit} tokens."
    if isinstance(problem, RequestRefused):
        _complete(found, problem.values)
    return found


def refusal_for(sentence: Sentence, people: str, retry_after: float | None = None) -> Refusal:
    """*people*: how people are told. retry_after: seconds."""
    kind = _KINDS.get(sentence, _OTHER)
    found = Refusal(kind.status, kind.message or people, kind.code, kind.param, kind=kind.kind)
    found.retry_after = retry_after
    return found


def refusal_at(status: int) -> Refusal:
    """For a request that HTTP itself, or the door before the API, does not let through."""
    known = HTTPStatus(status)
    code, message = STATUSES.get(known, (known.phrase.lower().replace(" ", "_"), f"{known.phrase}."))
    kind = SERVER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else INVALID
    return Refusal(status, message, code, kind=LIMITED if status == HTTPStatus.TOO_MANY_REQUESTS else kind)


def refusal(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The same as an answer."""
    return JSONResponse(refusal_at(status).body, status, headers)


def _complete(found: Refusal, values: Mapping[str, object]) -> None:
    """What the model's server said of the request."""
    status, params, told = values.get("status"), values.get("params"), values.get("told")
    if status in _REFUSED:
        found.status = int(str(status))
    if isinstance(params, tuple) and params:
        found.param = str(params[0])
    if told:
        found.message = str(told)

"""How a request is told that it is not carried out, in the form that its sender reads."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bots.web.api import problems
from bots.web.languages import language_of
from bots.web.refusing import refusal
from core.wording_door import Notice, tell

PAGE, API = "/api/", "/v1/"
"""What the page's own requests, and those of programs, begin with."""
NOTICES = {
    400: Notice.INVALID,
    401: Notice.SIGN_IN,
    403: Notice.FOREIGN,
    404: Notice.NOT_FOUND,
    405: Notice.METHOD,
    408: Notice.TOO_SLOW,
    413: Notice.TOO_LARGE,
    415: Notice.NOT_JSON,
    421: Notice.WRONG_HOST,
    429: Notice.TOO_MANY,
    500: Notice.INTERNAL,
    503: Notice.UNAVAILABLE,
}
"""What a status means, where nobody says more."""


def notice(request: Request, problem: HTTPException) -> Response:
    """The answer to a request that ended in *problem*; a `detail` that is not the status' own phrase is the sentence."""
    status = HTTPStatus(problem.status_code)
    meaning = NOTICES.get(status, Notice.INVALID if status < HTTPStatus.INTERNAL_SERVER_ERROR else Notice.INTERNAL)
    sentence = tell(meaning, language_of(request)) if problem.detail == status.phrase else problem.detail
    response = _answer(path_of(request), status, meaning, sentence)
    response.headers.update(problem.headers or {})
    return response


def path_of(request: Request) -> str:
    """Without building the whole URL, for which anything may stand in the Host header."""
    return str(request.scope["path"])


def _answer(path: str, status: HTTPStatus, meaning: Notice, sentence: str) -> Response:
    if path.startswith(PAGE):
        return refusal(status, meaning.value, sentence)
    if path.startswith(API):
        return problems.refusal(status)
    return PlainTextResponse(f"{sentence}\n", status)

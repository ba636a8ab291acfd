"""Which of our errors a server's problem is, and what a request must do without. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from core.errors import (
    ContentRefused,
    ModelBusy,
    ModelError,
    ModelGarbled,
    ModelKeyRefused,
    ModelNoCredit,
    ModelUnknown,
    ModelUnreachable,
    RequestRefused,
    WindowExceeded,
)
from core.llm.problems import Problem

_WINDOW_CODES = {
    "context_length_exceeded",
    "exceed_context_size_error",
    "context_window_exceeded",
    "string_above_max_length",
}
_WINDOW_WORDS = re.compile(
    r"maximum context length|context (length|window|size)|max_model_len|exceeds? the (available |model'?s )?context"
    r"|prompt is too long|input (is|length) too long|input length and `?max_tokens`? exceed|too many (input )?tokens"
    r"|longer than the maximum (model|context) length|n_ctx|input token count.{0,40}exceeds|reduce the length of the (messages|prompt)",
    re.IGNORECASE,
)
_WINDOW_LIMITS = (
    re.compile(r"maximum (?:context|model|input) length (?:is|of|\(?=?)\s*\(?(\d[\d,]*)", re.IGNORECASE),
    re.compile(r"(?:context (?:size|length|window)|n_ctx|max_model_len)\D{0,20}?\(?(\d[\d,]*)", re.IGNORECASE),
    re.compile(r">\s*(\d[\d,]*)(?: tokens)? maximum", re.IGNORECASE),
    re.compile(r"(?:maximum|limit|at most|exceeds)\D{0,60}?(\d[\d,]*)", re.IGNORECASE),
)
_WINDOW_STATUSES = {None, 400, 413, 422, 500}
_FILTER_STATUSES = {None, 400, 403}

_FILTER_CODES = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked"}
_FILTER_WORDS = re.compile(
    r"content (management )?polic|content filter|flagged|safety system|requires moderation|usage polic", re.IGNORECASE
)
_CREDIT_CODES = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "insufficient_balance",
    "insufficient_credits",
}
_CREDIT_WORDS = re.compile(
    r"insufficient (balance|credit|quota|funds)|exceeded your current quota|credit balance|out of credits|payment required",
    re.IGNORECASE,
)
_MODEL_CODES = {"model_not_found", "invalid_model", "deploymentnotfound", "unknown_model"}
_MODEL_WORDS = re.compile(
    r"model\b.{0,80}\b(not found|does not exist|not exist|is not (a )?valid|unknown|not supported)|(unknown|invalid|no such) model",
    re.IGNORECASE,
)
_INPUT_WORDS = re.compile(
    r"(image|audio|video|file)s? (input )?(is|are) not supported|not a multimodal model|not support (image|audio|video|vision)",
    re.IGNORECASE,
)
_BUSY_WORDS = re.compile(r"rate.?limit|overloaded|too many requests|capacity", re.IGNORECASE)


_BY_STATUS: dict[int, type[ModelError]] = {
    HTTPStatus.UNAUTHORIZED: ModelKeyRefused,
    HTTPStatus.FORBIDDEN: ModelKeyRefused,
    HTTPStatus.NOT_FOUND: ModelUnknown,
    HTTPStatus.PAYMENT_REQUIRED: ModelNoCredit,
    HTTPStatus.TOO_MANY_REQUESTS: ModelBusy,
    HTTPStatus.REQUEST_TIMEOUT: ModelUnreachable,
    HTTPStatus.CONFLICT: ModelUnreachable,
    HTTPStatus.TOO_EARLY: ModelUnreachable,
}


def error_of(problem: Problem, model: str) -> ModelError:
    """Our error for it; *model* is the name the user knows. What means the same everywhere (a code, a wording) decides
    before the status does: gateways wrap one into another."""
    if _is_window(problem):
        return WindowExceeded(problem.detail, window_limit(problem))
    kind = _kind_by_name(problem) or _kind_by_status(problem)
    return kind(problem.detail, problem.retry_after, model=model)


def _kind_by_name(problem: Problem) -> type[ModelError] | None:
    codes = _codes(problem)
    if codes & _CREDIT_CODES or _CREDIT_WORDS.search(problem.message):
        return ModelNoCredit
    if codes & _FILTER_CODES or (problem.status in _FILTER_STATUSES and _FILTER_WORDS.search(problem.message)):
        return ContentRefused
    if _INPUT_WORDS.search(problem.message):  # llama.cpp says so with the status 500, as of a fault that may pass
        return RequestRefused
    if codes & _MODEL_CODES or (problem.status == HTTPStatus.BAD_REQUEST and _MODEL_WORDS.search(problem.message)):
        return ModelUnknown
    return None


def _kind_by_status(problem: Problem) -> type[ModelError]:
    status = problem.status
    if status is None:
        return _kind_inside_stream(problem)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelUnreachable
    return RequestRefused if status >= HTTPStatus.BAD_REQUEST else ModelGarbled


def _kind_inside_stream(problem: Problem) -> type[ModelError]:
    words = f"{problem.code} {problem.kind} {problem.message}"
    if _BUSY_WORDS.search(words):
        return ModelBusy
    return RequestRefused if "invalid_request" in words else ModelUnreachable


def _codes(problem: Problem) -> set[str]:
    return {problem.code.lower(), problem.kind.lower()}


def _is_window(problem: Problem) -> bool:
    if _codes(problem) & _WINDOW_CODES:
        return True
    return problem.status in _WINDOW_STATUSES and _WINDOW_WORDS.search(problem.message) is not None


def window_limit(problem: Problem) -> int | None:
    """The server's window in tokens, where it said so."""
    if problem.limit is not None:
        return problem.limit
    for pattern in _WINDOW_LIMITS:
        found = pattern.search(problem.message)
        if found:
            return int(found[1].replace(",", "")) or None
    return None


LIMIT_NAMES = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""The two names of one parameter; which one a server takes has to be learnt."""
_UNSUPPORTED = re.compile(
    r"unsupported|not (currently )?support|n't support|unrecogni[sz]ed|unknown|unexpected|not (permitted|allowed|available|recogni[sz]ed)"
    r"|extra (inputs|fields)|forbidden|invalid (field|argument|parameter) name|no such|use '?\"?`?max_",
    re.IGNORECASE,
)
_UNSUPPORTED_CODES = {"unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden"}
_LISTED = r"(?:parameters?|arguments?|params?|fields?|inputs?|supplied)\b[^.]*?\b"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What to do without. lasting: the server never takes it, so this is worth remembering; otherwise it only disliked
    the value."""

    names: tuple[str, ...]
    lasting: bool


def adjustment(problem: Problem, sent: Mapping[str, object]) -> Adjustment | None:
    """The optional parameters among *sent* that *problem* refuses; None when it is about something else."""
    if problem.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return None
    names = tuple(name for name in sent if name in problem.params) or _names_in(problem.message, sent)
    if not names:
        return None
    lasting = problem.code in _UNSUPPORTED_CODES or _UNSUPPORTED.search(problem.message) is not None
    return Adjustment(names, lasting)


def _names_in(message: str, sent: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(name for name in sent if _is_named(name, message))


def _is_named(name: str, message: str) -> bool:
    """Names that are no English words count wherever they stand; ``stop`` or ``seed`` must be quoted or listed."""
    word = re.escape(name)
    if "_" in name:
        return re.search(rf"\b{word}\b", message) is not None
    return re.search(rf"['\"`]{word}['\"`]|{_LISTED}{word}\b|^(?:body\.)?{word}:", message, re.IGNORECASE) is not None

"""A request's body: read, checked, and complained about by the name of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jiter import from_json
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bots.web.api.problems import Refusal
from bots.web.api.shapes import NO_CONTENT, CompletionShape
from core.completions import text_in
from core.conversations.relaying import LIMITS

ROUTING = frozenset({"models", "provider", "providers", "route", "fallbacks", "plugins", "transforms"})
"""Parameters by which some servers are told to ask another model, or another server, than the one in `model`: which
models a client may use, and at what price, is the operator's to say."""
SAMPLING = frozenset(
    {"temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "stop", "reasoning_effort"}
)
_OF_A_CONVERSATION = SAMPLING | {
    *(
        "model",
        "messages",
        "conversation",
        "stream",
        "stream_options",
        "user",
        "metadata",
        "store",
        "safety_identifier",
    ),
    *LIMITS,
}
_HARMLESS: Mapping[str, object] = {
    "n": 1,
    "logprobs": False,
    "parallel_tool_calls": True,
    "response_format": {"type": "text"},
}
"""Other parameters, where they ask for what is so anyway; clients like to spell that out."""
_NO_TEXT = "text"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. body: as it came, without what is Parlour's own. conversation: its name; None where the client keeps the
    context itself."""

    body: dict[str, Any]
    conversation: str | None

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def wants_usage(self) -> bool:
        """In a chunk of its own."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))


def read(raw: bytes, header: str | None) -> Asked:
    """*header*: what X-Conversation says. Raises Refusal."""
    body = _object(raw)
    if header is not None:
        body.setdefault("conversation", header)
    try:
        CompletionShape.model_validate(body)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False), body) from None
    conversation = body.pop("conversation", None)
    _refuse(ROUTING & set(body), "Unsupported parameter: '{}' is the operator's to decide here.")
    if conversation is None and not body.get("model"):
        raise Refusal(400, "Missing required parameter: 'model'.", "missing_required_parameter", "model")
    if conversation is not None:
        _check_kept(body)
    return Asked(body, conversation)


def question(body: Mapping[str, Any]) -> tuple[str, str]:
    """The new message in a conversation, and what the client wants the model to know of it besides: its system messages.
    The rest is known here. Raises Refusal."""
    messages = body["messages"]
    newest, place = messages[-1], f"messages[{len(messages) - 1}]"
    if newest["role"] != "user":
        raise Refusal(
            400,
            "In a conversation the last message is the new one, of the role user.",
            "invalid_value",
            f"{place}.role",
        )
    parts = newest["content"] if isinstance(newest["content"], list) else []
    if any(part.get("type") != _NO_TEXT for part in parts):
        raise Refusal(400, "In a conversation a message is text.", "unsupported_value", f"{place}.content")
    background = [text_in(message) for message in messages if message["role"] in {"system", "developer"}]
    return text_in(newest), "\n\n".join(background)


def sampling(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the request says of how its answer is to be written."""
    said = {name: body[name] for name in SAMPLING if body.get(name) is not None}
    limit = next((body[name] for name in LIMITS if body.get(name) is not None), None)
    return said if limit is None else {**said, "max_tokens": limit}


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Refusal(400, f"The body of your request is no JSON: {error}.", "invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The body of your request is no JSON object.", "invalid_type")
    return body


def _check_kept(body: Mapping[str, Any]) -> None:
    extra = {name for name in set(body) - _OF_A_CONVERSATION if body[name] not in (None, _HARMLESS.get(name))}
    _refuse(extra, "Unsupported parameter: '{}' cannot be used in a conversation.")


def _refuse(names: set[str] | frozenset[str], sentence: str) -> None:
    if names:
        name = min(names)
        raise Refusal(400, sentence.format(name), "unsupported_parameter", name)


def _refusal(errors: Sequence[ErrorDetails], body: Mapping[str, Any]) -> Refusal:
    """The first one, in OpenAI's words and codes, as far as it has some for it. Where a value can be of several types,
    that it has none of them counts only where nothing closer is wrong with it."""
    param = _place(errors[0]["loc"], body)
    closer = (error for error in errors if not error["type"].endswith("_type") and _place(error["loc"], body) == param)
    error = next(closer, errors[0])
    said = f"{error['msg'][:1].lower()}{error['msg'][1:]}".replace(" after validation", "")
    if error["type"] in {"missing", NO_CONTENT}:
        param += ".content" if error["type"] == NO_CONTENT else ""
        return Refusal(400, f"Missing required parameter: '{param}'.", "missing_required_parameter", param)
    if error["type"].endswith("_type"):
        return Refusal(400, f"Invalid type for '{param}': {said}.", "invalid_type", param)
    return Refusal(400, f"Invalid value for '{param}': {said}.", "invalid_value", param)


def _place(steps: tuple[int | str, ...], body: object) -> str:
    """``messages[0].content``: the steps that lead through the body, without those that name a variant of its shape."""
    place = ""
    for step in steps:
        if isinstance(step, int):
            place += f"[{step}]"
            body = body[step] if isinstance(body, list) and step < len(body) else None
        elif isinstance(body, dict):
            place += f".{step}" if place else step
            body = body.get(step)
    return place

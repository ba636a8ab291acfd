"""The description of the API in OpenAPI 3.1, written from the shapes by which requests are checked."""

from __future__ import annotations

from functools import cache
from typing import Any

from bots.web.api.problems import STATUSES
from bots.web.api.shapes import NAME, CompletionShape

Json = dict[str, Any]
_SCHEMAS = "#/components/schemas"
_NUMBER, _TEXT = {"type": "integer"}, {"type": "string"}
_TEXT_OR_NOT = {"type": ["string", "null"]}


@cache
def document() -> Json:
    request = CompletionShape.model_json_schema(ref_template=f"{_SCHEMAS}/{{model}}")
    schemas = {**request.pop("$defs"), "CompletionShape": request, **_answers()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Parlour",
            "version": "1",
            "description": "Chat Completions, as clients of OpenAI speak them, and conversations that the server keeps.",
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {}],
        "paths": {
            "/v1/chat/completions": {"post": _completions()},
            "/v1/models": {"get": _read("listModels", "The models that the client may ask.", "Models")},
            "/v1/models/{model}": {"get": _read("getModel", "One of them.", "Model", _path("model"))},
        },
        "components": {"schemas": schemas, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _completions() -> Json:
    chunks = {"schema": {**_TEXT, "description": "Events, each with a Chunk as its data; the last one says [DONE]."}}
    answered = {"description": "The answer.", "content": {**_json("Completion"), "text/event-stream": chunks}}
    return {
        "operationId": "createChatCompletion",
        "summary": "Answers messages, or one more message of a conversation.",
        "parameters": [
            _header(
                "X-Conversation",
                "The name of a conversation, as `conversation` in the body.",
                {**_TEXT, "pattern": NAME},
            ),
            _header(
                "Idempotency-Key", "Requests that carry the same one are answered once.", {**_TEXT, "maxLength": 255}
            ),
        ],
        "requestBody": {"required": True, "content": _json("CompletionShape")},
        "responses": {"200": answered, **_refusals()},
    }


def _read(name: str, summary: str, schema: str, *parameters: Json) -> Json:
    answered = {"description": summary, "content": _json(schema)}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {"200": answered, **_refusals()},
    }


def _refusals() -> Json:
    return {
        str(status): {"description": said, "content": _json("Refusal")}
        for status, (_, said) in sorted(STATUSES.items())
    }


def _answers() -> Json:
    usage = _object(prompt_tokens=_NUMBER, completion_tokens=_NUMBER, total_tokens=_NUMBER)
    error = _object(message=_TEXT, type=_TEXT, param=_TEXT_OR_NOT, code=_TEXT_OR_NOT)
    model = _object(id=_TEXT, object=_TEXT, created=_NUMBER, owned_by=_TEXT)
    choice = {"index": _NUMBER, "finish_reason": _TEXT_OR_NOT}
    head = {"id": _TEXT, "object": _TEXT, "created": _NUMBER, "model": _TEXT}
    return {
        "Completion": _object(**head, choices=_list(_object(**choice, message={"type": "object"})), usage=usage),
        "Chunk": _object(**head, choices=_list(_object(**choice, delta={"type": "object"}))),
        "Models": _object(object=_TEXT, data=_list({"$ref": f"{_SCHEMAS}/Model"})),
        "Model": model,
        "Refusal": _object(error=error),
    }


def _object(**properties: Any) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _json(schema: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"{_SCHEMAS}/{schema}"}}}


def _header(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": _TEXT}

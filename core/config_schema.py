"""The JSON Schema of `config.yaml`, for editors, generated from the models that read it."""

from __future__ import annotations

from typing import Any

from core.config import Config

_VARIABLE = {"type": "string", "pattern": r"\$\{"}
_PLAIN = frozenset({"integer", "number", "boolean"})
_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
"""Bounds of a duration, which may be text as well, come out under their Python names."""


def json_schema() -> dict[str, Any]:
    """Every key may be left out at the top, and every value may be a text with a ``${NAME}`` in it."""
    schema = Config.model_json_schema()
    schema.pop("required", None)
    opened: dict[str, Any] = _with_variables(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **opened, "title": "Parlour's config.yaml"}


def _with_variables(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_variables(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {_BOUNDS.get(key, key): _with_variables(value) for key, value in node.items()}
    if inner.get("type") in _PLAIN or "enum" in inner:
        about = {key: inner.pop(key) for key in ("default", "title", "description") if key in inner}
        return {"anyOf": [inner, _VARIABLE], **about}
    return inner

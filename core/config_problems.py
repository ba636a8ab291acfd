"""From what the validator found to one line for the operator: place, what is expected, what was there.

What was there is shown only where it cannot be a secret: as it stands in the file (variables not replaced), never under
a key that holds secrets, never anything like a URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.config_fields import has_unit
from core.config_text import Place, Value, Wrong, plain

_SECRET_KEYS = frozenset(
    {
        "api_key",
        "token",
        "secret",
        "key",
        "cookie_keys",
        "old_keys",
        "headers",
        "query",
        "proxy",
        "base_url",
        "store",
        "extra_body",
    }
)
_LONGEST_SHOWN = 24

_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "string_unicode": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}
_STRUCTURES = frozenset({"tuple_type", "dict_type", "model_type", "model_attributes_type"})
"""Text where keys belong may be a secret that lost its key."""
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def explain(error: ValidationError, root: type[BaseModel], written: Value) -> Wrong:
    """The first thing that is wrong. *written* is the file's tree before variables were replaced."""
    found = error.errors(include_url=False, include_context=True)[0]
    place = tuple(step for step in found["loc"] if step != "[key]")
    got = "text" if found["type"] in _STRUCTURES and isinstance(_at(place, written), str) else got_at(place, written)
    if found["type"] == "extra_forbidden":
        return Wrong(_unknown(place, root), place)
    if found["type"] == "missing":
        return Wrong(f"expected {_named(place)}, got nothing", place)
    unit = "s" if found["type"] in _BOUNDS and has_unit(_at(place, written)) else ""
    return Wrong(f"expected {_expected(found)}{unit}, got {got}", place)


def _expected(found: ErrorDetails) -> str:
    kind, context = found["type"], found.get("ctx", {})
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"{words} {context[key]:g}"
    if kind in {"literal_error", "enum"}:
        return str(context["expected"])
    if kind == "value_error":
        return str(context["error"])
    if kind in {"too_short", "string_too_short"}:
        return "at least one" if kind == "too_short" else "some text"
    if kind in {"too_long", "string_too_long"}:
        return f"at most {context['max_length']}{' characters' if kind == 'string_too_long' else ''}"
    return _EXPECTED.get(kind, "another value")


def _named(place: Place) -> str:
    return f"a value for {plain(str(place[-1]))}" if place else "keys and values"


def got_at(place: Place, written: Value) -> str:
    """What stands at that place of the file, fit to be shown."""
    value = _at(place, written)
    if any(step in _SECRET_KEYS for step in place):
        return "something else" if value is not None else "nothing"
    return _shown(value)


def _at(place: Place, value: Value) -> Value:
    for step in place:
        value = _inside(value, step)
    return value


def _inside(value: Value, step: str | int) -> Value:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return value


def _shown(value: Value) -> str:
    if isinstance(value, list | dict):
        return "an empty list" if value == [] else "a list" if isinstance(value, list) else "keys and values"
    if isinstance(value, str):
        return _shown_text(value)
    return "nothing" if value is None else str(value).lower()


def _shown_text(text: str) -> str:
    if not text.strip():
        return "empty text"
    if len(text) > _LONGEST_SHOWN or "://" in text or "@" in text:
        return "something else"
    return f"“{plain(text)}”"


def _unknown(place: Place, root: type[BaseModel]) -> str:
    key = str(place[-1])
    known = _keys_at(place[:-1], root)
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    return f"unknown key, {hint}"


def _keys_at(place: Place, root: type[BaseModel]) -> list[str]:
    kind: Any = root
    for step in place:
        kind = _step_into(_core_of(kind), step)
    model = _core_of(kind)
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _step_into(kind: Any, step: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(step))
        return field.annotation if field else None
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    return get_args(kind)[0] if get_origin(kind) is tuple else None


def _core_of(kind: Any) -> Any:
    """A kind without ``| None``."""
    inner = [part for part in get_args(kind) if part is not type(None)]
    return inner[0] if len(inner) == 1 and get_origin(kind) not in {dict, tuple, list} else kind

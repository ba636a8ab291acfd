"""The table of all keys of `config.yaml`, for people, generated from the models that read it.

What a key means stands in the docstring of its section as ``key: meaning.``
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import EnumType
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from core.config import DEFAULTS, Config
from core.config_fields import HttpUrl, NamelessUrl, Network, Often, OptionalUrl, Person, Seconds, SocketUrl, StoreUrl
from core.config_platforms import Section

_HEAD = """# All keys of config.yaml

`NAME` and `ID` stand for names and ids of your own, `[]` for each entry of a list. A key without a default may be left out,
except where it says *needed*: its entry is nothing without it. `providers`, `models` and `personas` that are left out are
those of `config.yaml`. [Configuration](configuration.md) tells the rest; `make schema` writes this page from the code.

| Key | Type | Default | Meaning |
| --- | --- | --- | --- |
"""
_KINDS: tuple[tuple[Any, str], ...] = (
    (Seconds, "duration"),
    (Often, "number/duration"),
    (Person, "id, such as `discord:123`"),
    (Network, "address or network"),
    *((kind, "URL") for kind in (HttpUrl, NamelessUrl, OptionalUrl, SocketUrl, StoreUrl)),
)
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", SecretStr: "secret"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class Key(NamedTuple):
    """One row; `default` is as it would be written, empty for none."""

    name: str
    kind: str
    default: str
    meaning: str


def document() -> str:
    """The whole page, in Markdown."""
    return _HEAD + "\n".join(f"| {' | '.join(_cells(key))} |" for key in keys())


def keys(section: type[BaseModel] = Config, prefix: str = "") -> Iterator[Key]:
    """Every key of *section* and of the sections within it, in their order; *prefix* stands before each name."""
    hints, meanings = get_type_hints(section, include_extras=True), _meanings(section)
    for name, field in section.model_fields.items():
        inner, mark = _inner(hints[name])
        if inner is not None:
            yield from keys(inner, f"{prefix}{name}{mark}.")
            continue
        default = _built_in(f"{prefix}{name}") or _default(field, hints[name])
        yield Key(f"{prefix}{name}", _kind(hints[name]), default, meanings.get(name, ""))


def _cells(key: Key) -> tuple[str, ...]:
    default = key.default if key.default in {"", "*needed*"} else f"`{key.default}`"
    return f"`{key.name}`", key.kind, default, key.meaning


def _meanings(section: type[BaseModel]) -> dict[str, str]:
    names = "|".join(section.model_fields)
    text = " ".join((section.__doc__ or "").split())
    parts = re.split(rf"(?:^|(?<=\. ))((?:{names})(?:, (?:{names}))*): ", text)
    told = zip(parts[1::2], parts[2::2], strict=True)
    return {name: meaning.strip().removesuffix(".") for several, meaning in told for name in several.split(", ")}


def _inner(hint: Any) -> tuple[type[BaseModel] | None, str]:
    """The section that *hint* consists of, if it does, and how its entries are told apart."""
    hint = _bare(hint)
    if isinstance(hint, type) and issubclass(hint, Section):
        return hint, ""
    parts = get_args(hint)
    if get_origin(hint) is tuple and _inner(parts[0])[0]:
        return _inner(parts[0])[0], "[]"
    if get_origin(hint) is dict and _inner(parts[1])[0]:
        return _inner(parts[1])[0], ".ID" if _kind(parts[0]) == _PLAIN[int] else ".NAME"
    return None, ""


def _kind(hint: Any) -> str:
    for known, words in _KINDS:
        if _is(hint, known):
            return words
    hint = _bare(hint)
    if get_origin(hint) is Annotated:
        return _kind(hint)
    choices = list(hint) if isinstance(hint, EnumType) else get_args(hint) if get_origin(hint) is Literal else ()
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    if get_origin(hint) is tuple:
        return f"list: {_kind(get_args(hint)[0])}"
    return "keys and values" if get_origin(hint) is dict else _PLAIN[hint]


def _is(hint: Any, known: Any) -> bool:
    """Whether *hint* is what *known* names, perhaps with further checks."""
    if get_origin(hint) is not Annotated or hint.__origin__ != known.__origin__:
        return False
    return bool(hint.__metadata__[: len(known.__metadata__)] == known.__metadata__)


def _bare(hint: Any) -> Any:
    """*hint* without what only says how it is checked, and without None."""
    if get_origin(hint) is Annotated and not any(_is(hint, known) for known, _ in _KINDS):
        return _bare(hint.__origin__)
    if get_origin(hint) in {Union, UnionType}:
        (kept,) = (part for part in get_args(hint) if part is not NoneType)
        return _bare(kept)
    return hint


def _built_in(name: str) -> str:
    """What a file says that says nothing, where that comes from the environment."""
    found: Any = DEFAULTS
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _default(field: FieldInfo, hint: Any) -> str:
    if field.is_required():
        return "*needed*"
    value = field.default
    if value is None or value in ("", ()) or value == {} or isinstance(value, SecretStr):
        return ""
    return _duration(value) if _kind(hint) == "duration" else _written(value)


def _duration(seconds: float) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds / size:g}{unit}"


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

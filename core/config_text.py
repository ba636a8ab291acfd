"""From the text of a configuration file to plain values, without surprises.

A file is YAML with the scalars of YAML 1.2 (so ``no`` is text and ``2024-01-01`` no date), without tags, aliases and
duplicate keys. ``${NAME}`` and ``${NAME:-default}`` stand for environment variables in every text; ``$${`` is a plain
``${``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import yaml
from yaml.reader import ReaderError

from core.config_syntax import explain, unreadable, where

_TAG = "tag:yaml.org,2002:"
Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Place = tuple[str | int, ...]

MAX_BYTES = 1_000_000
"""Larger files are refused: no configuration is that long."""
_MAX_DEPTH = 30
_LONGEST_KEY = 60

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_VARIABLE = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\})?")


class Wrong(Exception):
    """What is wrong, in a few words that hold no secret, and where: a place in the file's tree."""

    def __init__(self, problem: str, place: Place = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place


def parse(text: str) -> Value:
    """The file's values as they are written, variables not yet replaced. Raises Wrong."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise Wrong(explain(error)) from error
    except ReaderError as error:
        raise Wrong(unreadable(error, text)) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # impossible escapes
        raise Wrong("expected YAML text, got a character that cannot stand there") from error
    return None if root is None else _value(root, ())


def substitute(value: Value, environ: Mapping[str, str], place: Place = ()) -> Value:
    """*value* with the variables of every text replaced. Raises Wrong for one that is not set and has no default."""
    if isinstance(value, str):
        return _replace(value, environ, place)
    if isinstance(value, list):
        return [substitute(item, environ, (*place, index)) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: substitute(item, environ, (*place, key)) for key, item in value.items()}
    return value


def spell(place: Place) -> str:
    """``models[0].provider``; always one short line."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{plain(step)}" for step in place)
    return "".join(steps).removeprefix(".")


def plain(text: str, longest: int = _LONGEST_KEY) -> str:
    """*text* fit for one line: control characters escaped, cut after *longest* characters."""
    short = text if len(text) <= longest else text[:longest] + "…"
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in short)


class _Loader(yaml.SafeLoader):
    """Refuses what makes a small file large or a deep one endless, before it is built."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._refuse_here("aliases are not taken")
        if self.depth > _MAX_DEPTH:
            self._refuse_here("too deeply nested")
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _refuse_here(self, problem: str) -> NoReturn:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave this one out
        raise Wrong(f"{where(event.start_mark)}{problem}")


def _value(node: yaml.Node, place: Place) -> Value:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place)
    if isinstance(node, yaml.SequenceNode):
        _expect_tag(node, "seq")
        return [_value(item, (*place, index)) for index, item in enumerate(node.value)]
    return _scalar(node, place)


def _mapping(node: yaml.MappingNode, place: Place) -> Value:
    _expect_tag(node, "map")
    values: dict[str, Value] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise Wrong(f"{where(key_node.start_mark)}expected a plain key, got a list or keys", place)
        key = _text(key_node, place)
        if key in values:
            raise Wrong(f"{where(key_node.start_mark)}this key stands there twice", (*place, key))
        values[key] = _value(value_node, (*place, key))
    return values


def _scalar(node: yaml.Node, place: Place) -> Value:
    text = _text(node, place)
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        _expect_tag(node, "str")
        return text
    _expect_tag(node, "null", "bool", "int", "float", "str", "timestamp", "merge", "value")
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    return _number(text, place) if _NUMBER.fullmatch(text) else text


def _number(text: str, place: Place) -> float:
    number = math.inf if text[-1] in "fFnN" else float(text)
    if not math.isfinite(number):
        raise Wrong(f"expected a finite number, got {plain(text)}", place)
    return number


def _text(node: yaml.Node, place: Place) -> str:
    text = str(node.value)
    if any("\ud800" <= sign <= "\udfff" or sign == "\0" for sign in text):
        raise Wrong(f"{where(node.start_mark)}expected text, got half a character or a NUL", place)
    return text


def _expect_tag(node: yaml.Node, *kinds: str) -> None:
    if str(node.tag).removeprefix(_TAG) not in kinds:
        raise Wrong(f"{where(node.start_mark)}tags are not taken")


def _replace(text: str, environ: Mapping[str, str], place: Place) -> str:
    def one(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if match[0] == "$${":
            return "${"
        if name is None:
            raise Wrong("expected ${NAME} or ${NAME:-default}; write $${ for a plain ${", place)
        found = environ.get(name) or default
        if found is None:
            raise Wrong(f"the environment variable {plain(name)} is not set", place)
        return found

    return _VARIABLE.sub(one, text)

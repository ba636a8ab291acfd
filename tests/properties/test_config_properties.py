"""Whatever stands in the file: a configuration or one short line, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.config import Config, load, parse_config
from core.errors import ConfigError

KEYS = st.sampled_from([*Config.model_fields, "base_url", "id", "provider", "name", "prompt", "sampling", "stop", "zz"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["local", "${X}", "${X:-7}", "1h", "http://[", "redis://a,b:1", "sqlite:///x", "http://h:0", "\ud800", "\0"]
    )
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=4)
)
FRAGMENTS = st.sampled_from(
    [
        "a",
        ":",
        " ",
        "\n",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a",
        "*a",
        "!",
        "!!int",
        "|",
        ">",
        "%YAML 9.9\n",
        "---",
        "...",
        "?",
        "'",
        '"',
        "\\U00110000",
        "\\x",
        "\t",
        "#",
        ".nan",
        "1e999",
        "0x_",
        "<<",
        "~",
        "${",
        "models",
        "store",
        "web",
    ]
)


def complaint(read: Callable[[], object]) -> str:
    """What the reader complains about; empty where it does not."""
    try:
        read()
    except ConfigError as problem:
        return str(problem)
    return ""


def check(text: str) -> None:
    line = complaint(lambda: parse_config(text, {"X": "x"}))
    assert len(line) < 1000
    assert "\n" not in line


@given(st.text(max_size=200))
@example("%YAML 1." + "9" * 5000 + "\n--- a")
def test_any_text(text: str) -> None:
    check(text)


@given(st.lists(FRAGMENTS, max_size=25).map("".join))
@example('"\\U00110000"')
@example("!!int 0x_")
@example("!<")
@example("%TAG ! tag:x\n--- !a")
def test_any_heap_of_yaml(text: str) -> None:
    check(text)


@given(st.dictionaries(KEYS, TREES, max_size=5))
def test_any_structure(tree: dict[str, object]) -> None:
    check(json.dumps(tree))


@given(st.binary(max_size=100))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    assert "\n" not in complaint(lambda: load(file, {}))

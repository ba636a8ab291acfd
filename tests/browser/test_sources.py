"""The rules of the house for what runs in browsers, read from the source."""

from __future__ import annotations

import re

from tests.support.tree import ROOT

FOLDER = ROOT / "bots" / "web" / "static"
OURS = sorted(
    path for path in FOLDER.rglob("*") if path.suffix in {".js", ".css", ".html"} and "vendor" not in path.parts
)
MARKUP = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval|new Function|setHTML\w*)\b"
)
STRANGER = re.compile(r"(?:https?:|wss?:|['\"(])//(?!www\.w3\.org/)")


def places(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(FOLDER)}:{number}"
        for path in OURS
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_string_becomes_markup_or_code() -> None:
    assert not places(MARKUP)


def test_nothing_is_named_that_another_host_has() -> None:
    assert not places(STRANGER)


def test_files_are_of_a_size_one_can_read() -> None:
    assert not [path.name for path in OURS if path.read_text().count("\n") > 400]


def test_every_script_says_what_it_is_for() -> None:
    scripts = [path for path in OURS if path.suffix == ".js"]
    assert not [path.name for path in scripts if not path.read_text().startswith(("//", "/**"))]

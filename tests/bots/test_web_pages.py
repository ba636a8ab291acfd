"""The document of the page, as it is before any script runs."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from html.parser import HTMLParser

import pytest

from bots.web.assets import FOLDER, read_assets
from bots.web.pages import THEMES, render
from core.wording import TONGUES
from core.wording_page import LANGUAGES, words

ASSETS = read_assets()


class Document(HTMLParser):
    """elements: tag and attributes of each, in order. data: what stands in the scripts that are none, by their ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.data: dict[str, str] = defaultdict(str)
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] == "script":
            self.data[self.elements[-1][1].get("id", "")] += data

    def linked(self, relation: str) -> set[str]:
        return {at["href"].removeprefix(ASSETS.path) for _, at in self.elements if at.get("rel") == relation}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_in_it(language: str) -> None:
    document = Document(render(ASSETS.path, language, "auto"))
    assert json.loads(document.data["words"]) == words(language)
    assert dict(json.loads(document.data["languages"])) == TONGUES
    assert document.elements[0][1]["lang"] == language


def test_nothing_in_it_is_a_script_or_a_style_of_its_own() -> None:
    document = Document(render(ASSETS.path, "en", "auto"))
    inline = [at for tag, at in document.elements if tag == "script" and "src" not in at]
    assert {at["type"] for at in inline} == {"application/json"}
    assert not [tag for tag, at in document.elements if tag == "style" or any(name.startswith("on") for name in at)]
    assert not [tag for tag, at in document.elements if "style" in at]


def test_every_file_it_names_is_there() -> None:
    document = Document(render(ASSETS.path, "en", "auto"))
    named = document.linked("stylesheet") | document.linked("modulepreload") | document.linked("icon")
    assert named <= set(ASSETS.files)


def test_every_module_of_the_page_is_asked_for_at_once() -> None:
    """A module that only another one names would come a journey later."""
    asked = Document(render(ASSETS.path, "en", "auto")).linked("modulepreload")
    assert {f"js/{file.name}" for file in (FOLDER / "js").glob("*.js")} <= asked
    imported = {name for file in asked for name in _imports(file)}
    assert imported <= asked


def _imports(file: str) -> set[str]:
    found = re.findall(r'^\s*import[^;(]*?"(\.[^"]+)"', (FOLDER / file).read_text(), re.MULTILINE)
    return {((FOLDER / file).parent / name).resolve().relative_to(FOLDER.resolve()).as_posix() for name in found}


@pytest.mark.parametrize("theme", THEMES)
def test_light_or_dark_is_written_into_it(theme: str) -> None:
    assert Document(render(ASSETS.path, "en", theme)).elements[0][1]["data-theme"] == theme

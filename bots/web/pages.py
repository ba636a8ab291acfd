"""The page itself: a document with everything in it that the first sight needs, in the reader's language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bots.web.assets import FOLDER
from bots.web.front import Front, Routes, visitor_of
from core.wording import TONGUES, tongue_of
from core.wording_page import LANGUAGES, words

THEMES = ("auto", "light", "dark")
"""What the page writes into the cookie `theme`."""
STYLES = ("css/tokens.css", "css/frame.css", "css/thread.css", "css/parts.css", "markdown/markdown.css")
ENTRY = "js/main.js"
HEADERS = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}
_SLOT = re.compile(r"\{\{(\w+)\}\}")
_IMPORT = re.compile(r"^(?:import|export)\b[^;]*?from\s*\"(\.[^\"]+)\"", re.MULTILINE)


def routes(front: Front) -> Routes:
    async def page(request: Request) -> Response:
        theme = request.cookies.get("theme", THEMES[0])
        language = tongue_of(visitor_of(request).language)
        document = render(front.assets, language, theme if theme in THEMES else THEMES[0])
        return HTMLResponse(document, headers=HEADERS)

    return [Route("/", page), Route("/c/{conversation}", page)]


@lru_cache(maxsize=len(LANGUAGES) * len(THEMES))
def render(assets: str, language: str, theme: str) -> str:
    """The document. *assets* is the path of the files that it needs, *language* one of `TONGUES`."""
    markup = {
        "styles": _links("stylesheet", assets, STYLES),
        "modules": _links("modulepreload", assets, _modules()),
        "words": _embedded(words(language)),
        "languages": _embedded(list(TONGUES.items())),
    }
    plain = {**words(language), "assets": assets, "language": language, "theme": theme}
    template = (FOLDER / "index.html").read_text()
    return _SLOT.sub(lambda slot: markup.get(slot[1]) or escape(plain[slot[1]]), template)


def _embedded(value: object) -> str:
    """As JSON within a document."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _links(relation: str, assets: str, files: Iterable[str]) -> str:
    return "\n".join(f'<link rel="{relation}" href="{assets}{file}">' for file in files)


def _modules() -> list[str]:
    """All that the page imports: a browser finds a module only when it has read the one that asks for it."""
    found, waiting = set[Path](), [(FOLDER / ENTRY).resolve()]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [(module.parent / name).resolve() for name in _IMPORT.findall(module.read_text())]
    return sorted(module.relative_to(FOLDER.resolve()).as_posix() for module in found)

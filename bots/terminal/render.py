"""Text as a terminal shows it: no control sequence of the model's reaches the screen, Markdown is drawn, nothing is cut.

Markdown's HTML, image and reference syntax would make parts of an answer invisible; here they stay readable text.
"""

from __future__ import annotations

import re
from itertools import dropwhile

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import Markdown, MarkdownElement, TableElement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 controls but tab and newline; bidirectional embeddings, overrides and isolates (Unicode annex 9)."""
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["reference", "image"])


def safe(text: str) -> str:
    """*text* without anything a terminal would act on. Marks of right-to-left languages (U+200E, U+200F) stay."""
    text = _BREAKS.sub("\n", text)
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _CONTROLS.sub("", text))


def finished(text: str) -> int:
    """How many characters at the beginning of *text*, an unfinished Markdown text, belong to blocks that no further
    character can change. Only whole lines are looked at: a lone "2" may yet become the next item of a list."""
    whole = text[: text.rfind("\n") + 1]
    blocks = [token.map[0] for token in _PARSER.parse(whole) if token.level == 0 and token.map and token.nesting >= 0]
    if len(blocks) < 2:  # noqa: PLR2004  # the last block is never finished
        return 0
    return sum(len(line) for line in whole.splitlines(keepends=True)[: blocks[-1]])


class Drawn(Markdown):
    """A model's Markdown. Links show their address in plain sight, so none hides where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__("", hyperlinks=False)
        self.markup = safe(text)
        self.parsed = [_unwrapped(token) for token in _PARSER.parse(self.markup)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Without the blank lines that some elements put around themselves: blocks are printed one by one."""
        segments = (part for part in super().__rich_console__(console, options) if isinstance(part, Segment))
        lines = list(Segment.split_lines(segments))
        while lines and _is_blank(lines[-1]):
            lines.pop()
        for line in dropwhile(_is_blank, lines):
            yield from line
            yield Segment.line()


def _is_blank(line: list[Segment]) -> bool:
    return not any(segment.text.strip() for segment in line)


def _unwrapped(token: Token) -> Token:
    """Line breaks stay where the model made them: poems and addresses rely on it."""
    for child in token.children or ():
        if child.type == "softbreak":
            child.type = "hardbreak"
    return token


class _WholeTable(TableElement):
    """A table that folds long words instead of shortening them."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in super().__rich_console__(console, options):
            if isinstance(part, Table):
                for column in part.columns:
                    column.overflow = "fold"
            yield part


_ELEMENTS: dict[str, type[MarkdownElement]] = {**Markdown.elements, "table_open": _WholeTable}
Drawn.elements = _ELEMENTS


class Tail:
    """The last *height* lines of something: what of it fits a live region."""

    def __init__(self, content: RenderableType, height: int) -> None:
        self._content = content
        self._height = max(1, height)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._content, options.update(height=None), pad=False)
        for line in lines[-self._height :]:
            yield from line
            yield Segment.line()


def plain(text: str, style: str = "") -> Text:
    """A sentence of ours, or text that is not to be read as Markdown."""
    return Text(safe(text), style=style, overflow="fold")

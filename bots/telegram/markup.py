"""Markdown as models mean it, before it is converted: what CommonMark would swallow or misread is escaped.

Raw HTML is text. ``2*3*4`` and ``x**2`` are arithmetic. A line that defines a link is a line. Formulas come in four
notations. Tables become code with straight columns. What is code already is never touched: a parser says where it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import pyromark
from telegramify_markdown import convert

from bots.telegram.formulas import is_formula, is_readable
from bots.telegram.links import spelt_out, takes
from bots.telegram.tables import as_code

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
)
"""The dialect that the converter reads."""
JOINER = b"&#8288;"
MOST_PASSES = 12
"""Each pass makes something readable that was hidden; more than three are needed by nobody who means well."""

_HTML = re.compile(rb"<")
_INTRAWORD = re.compile(rb"(?<=[0-9A-Za-z])\*{1,3}(?=[0-9A-Za-z])|(?<=[)\]])\*(?=[0-9A-Za-z(\[])|(?<=\d)\*(?=\()")
_PLAIN_LINK = re.compile(rb"https?://[^\s<>()\[\]`\\]*[^\s<>()\[\]`\\*_~.,;:!?\"']")
_IN_LINK = re.compile(rb"[*_~]")
_DEFINITION = re.compile(
    rb"(?:(?m:^) {0,3}\[(?P<label>[^\[\]^\\][^\[\]\\]*)(?=\]:[ \t]*<?https?://))?(?P<bracket>\])(?=:)"
)
"""The end of what defines a link; with its label where it is one that can be opened."""
_DUNDER = re.compile(
    rb"(?<![\w\\])__[a-z]+(?:_[a-z]+)*__(?=[(\[]|\.\w)|(?<=\.)__[a-z]+(?:_[a-z]+)*__"
    rb"|(?<![\w\\])__(?:init|main|name|file|all|str|repr|call|dict|class|doc|new|len|iter|next|enter|exit|version)__"
)
"""A name in Python."""
_SPOILER = re.compile(rb"(?<![\\|])\|\|(?=[^\s|])(?:(?!\n[ \t>]*\n)[^|]|\|(?!\|))+?(?<=[^\s|\\])\|\|(?!\|)")
_PIPES = re.compile(rb"(?<!\\)\|{2,}")
_BRACKETS = re.compile(
    rb"(?<!\\)\\(?:\((?P<inline>(?:(?!\n\s*\n)[^$])+?)(?<!\\)\\\)|\[(?P<display>(?:(?!\n\s*\n)[^$])+?)(?<!\\)\\\])"
)
_BOLD = re.compile(r"(?<![\\*])\*\*(?P<text>[^\s*\\](?:[^*\n]*[^\s*\\])?)\*\*(?!\*)")
_MARKER = re.compile(rb"(?:[-*+]|\d{1,9}(?P<end>[.)]))(?=[ \t\n]|\Z)")


_BLOCKS = frozenset({"CodeBlock", "BlockQuote", "Heading", "Table"})
_WORDS = frozenset({"Text", "Code", "InlineMath"})
_INLINE = frozenset({"Emphasis", "Strong", "Strikethrough", "Link", "Image"})
"""As the parser names them."""


class Edit(NamedTuple):
    """Bytes from *start* up to *end* become *new*."""

    start: int
    end: int
    new: bytes


class Parsed(NamedTuple):
    """Markdown with what its parser found in it; positions are UTF-8 bytes. prose: all but what stands for itself (code,
    formulas, addresses in angle brackets)."""

    data: bytes
    events: Sequence[tuple[Any, int, int]]
    prose: Sequence[tuple[int, int]]


def prepared(markdown: str) -> str:
    """*markdown* with escapes, so that conversion loses nothing of it."""
    for _ in range(MOST_PASSES):
        parsed = _parse(markdown)
        edits = next((edits for kind in _KINDS if (edits := list(kind(parsed)))), None)
        if edits is None:
            break
        markdown = _edited(parsed.data, edits)
    return markdown


def _parse(markdown: str) -> Parsed:
    data = markdown.encode()
    found = pyromark.events_with_range(markdown, options=OPTIONS)
    events = [(event, place["start"], place["end"]) for event, place in found]
    return Parsed(data, events, list(_between((span for span in events if _is_opaque(span[0])), len(data))))


def _between(spans: Iterable[tuple[Any, int, int]], end: int) -> Iterator[tuple[int, int]]:
    here = 0
    for _, start, until in spans:
        if start > here:
            yield here, start
        here = max(here, until)
    yield here, end


def _edited(data: bytes, edits: Iterable[Edit]) -> str:
    pieces, here = [], 0
    for edit in sorted(edits):
        if edit.start >= here:
            pieces += [data[here : edit.start], edit.new]
            here = edit.end
    return b"".join([*pieces, data[here:]]).decode()


def _is_opaque(event: Any) -> bool:
    if not isinstance(event, dict):
        return False
    start = event.get("Start")
    if isinstance(start, dict):
        return "CodeBlock" in start or start.get("Link", {}).get("link_type") in {"Autolink", "Email"}
    return "Code" in event or bool(_mark(event))


def _html(parsed: Parsed) -> Iterator[Edit]:
    for event, start, end in parsed.events:
        if isinstance(event, dict) and ("Html" in event or "InlineHtml" in event):
            found = _HTML.search(parsed.data, start, end)
            if found:
                yield Edit(found.start(), found.start(), b"\\")


def _markers(parsed: Parsed) -> Iterator[Edit]:
    """A list that begins on the line of another's item is a sign, not a list."""
    line = -1
    for event, start, _ in parsed.events:
        if event == {"Start": "Item"}:
            begins = parsed.data.rfind(b"\n", 0, start) + 1
            found = _MARKER.match(parsed.data, start)
            if begins == line and found:
                place = found.start("end") if found["end"] else found.start()
                yield Edit(place, place, b"\\")
            line = begins


def _tables(parsed: Parsed) -> Iterator[Edit]:
    for event, start, end in parsed.events:
        if isinstance(event, dict) and isinstance(event.get("Start"), dict) and "Table" in event["Start"]:
            begins = parsed.data.rfind(b"\n", 0, start) + 1
            prefix = parsed.data[begins:start]
            if not prefix.strip(b" \t>"):
                code = as_code(parsed.data[begins:end].decode(), prefix.decode(), _plain)
                yield Edit(begins, end, code.encode())


@lru_cache(maxsize=1024)
def _plain(cell: str) -> str:
    """What a cell shows, as text; the first character keeps it from being a heading or a list."""
    text, _ = convert(prepared(f"\u2060{cell}"), latex_escape=False)
    return text.replace("\u2060", "").replace("\n", " ").strip()


def _tight(parsed: Parsed) -> Iterator[Edit]:
    """A block right below the words of an item is shown on a line of its own when an empty line stands between."""
    for (before, _, _), (event, start, _) in pairwise(parsed.events):
        if _ends_words(before) and _begins_block(event):
            begins = parsed.data.rfind(b"\n", 0, start) + 1
            prefix = parsed.data[begins:start]
            if not prefix.strip(b" \t>"):
                yield Edit(begins, begins, prefix.rstrip() + b"\n")


def _begins_block(event: Any) -> bool:
    start = event.get("Start") if isinstance(event, dict) else None
    return isinstance(start, dict) and bool(_BLOCKS & start.keys())


def _ends_words(event: Any) -> bool:
    if not isinstance(event, dict):
        return False
    end = event.get("End")
    return bool(_WORDS & event.keys()) or (isinstance(end, str) and end in _INLINE)


def _brackets(parsed: Parsed) -> Iterator[Edit]:
    for start, end in parsed.prose:
        for found in _BRACKETS.finditer(parsed.data, start, end):
            mark = b"$" if found["inline"] is not None else b"$$"
            formula = (found["inline"] or found["display"] or b"").strip()
            if formula and b"\n\n" not in formula and is_formula(formula.decode()):
                yield Edit(found.start(), found.end(), mark + formula + mark)


def _formulas(parsed: Parsed) -> Iterator[Edit]:
    for event, start, end in parsed.events:
        mark = _mark(event)
        if not mark:
            continue
        formula = parsed.data[start + len(mark) : end - len(mark)].decode()
        is_price = mark == b"$" and (parsed.data[end : end + 1].isalnum() or not is_formula(formula))
        if is_price or not is_readable(formula):
            for place in (*range(start, start + len(mark)), *range(end - len(mark), end)):
                yield Edit(place, place, b"\\")
        elif "||" in formula:
            yield Edit(start, end, parsed.data[start:end].replace(b"||", "‖".encode()))


def _mark(event: Any) -> bytes:
    """What stands around a formula; nothing for all else."""
    if not isinstance(event, dict):
        return b""
    return b"$" if "InlineMath" in event else b"$$" if "DisplayMath" in event else b""


def _signs(parsed: Parsed) -> Iterator[Edit]:
    used = set(_labels(parsed))
    for start, end in parsed.prose:
        yield from _escaped(parsed.data, _intraword(parsed.data, start, end))
        for found in _DEFINITION.finditer(parsed.data, start, end):
            if not found["label"] or found["label"].decode().casefold() not in used:
                yield Edit(found.end("bracket"), found.end("bracket"), b"\\")
        yield from _escaped(parsed.data, _stray_pipes(parsed.data, start, end))


def _links(parsed: Parsed) -> Iterator[Edit]:
    """What Telegram takes for no link is written behind its words."""
    begun: list[tuple[str, int]] = []
    for (_, _, until), (event, start, end) in pairwise(parsed.events):
        if link := _link(event):
            begun.append((link["dest_url"] if link["link_type"] == "Inline" else "", start))
        elif event in ({"End": "Link"}, {"End": "Image"}):
            url, here = begun.pop()
            opened = here + (2 if parsed.data.startswith(b"!", here) else 1)
            if opened < until < end and not takes(url) and (shown := spelt_out(url)):
                written = parsed.data[opened:until].decode() == url
                yield Edit(here, opened, b"")
                yield Edit(until, end, b"" if written else shown.encode())


def _link(event: Any) -> Any:
    """The link or image that begins there."""
    start = event.get("Start") if isinstance(event, dict) else None
    return (start.get("Link") or start.get("Image")) if isinstance(start, dict) else None


def _labels(parsed: Parsed) -> Iterator[str]:
    """Those that links refer to."""
    for event, _, _ in parsed.events:
        link = _link(event)
        if link and link["link_type"] in {"Reference", "Collapsed", "Shortcut"}:
            yield link["id"].casefold()


def _bold(parsed: Parsed) -> Iterator[Edit]:
    """CommonMark wants a blank between punctuation within and a letter without, which Chinese never writes. Where one is
    wanted, a character without width stands, spelt so that it counts as punctuation."""
    for start, end in parsed.prose:
        prose = parsed.data[start:end].decode()
        for found in _BOLD.finditer(prose):
            before, after = prose[: found.start()][-1:], prose[found.end() :][:1]
            begin, until = (start + len(prose[:place].encode()) for place in found.span())
            if before.isalnum() and not found["text"][0].isalnum():
                yield Edit(begin, begin, JOINER)
            if after.isalnum() and not found["text"][-1].isalnum():
                yield Edit(until, until, JOINER)


def _intraword(data: bytes, start: int, end: int) -> Iterator[int]:
    for link in _PLAIN_LINK.finditer(data, start, end):
        yield from (sign.start() for sign in _IN_LINK.finditer(data, link.start(), link.end()))
    for name in _DUNDER.finditer(data, start, end):
        yield from (sign.start() for sign in _IN_LINK.finditer(data, name.start(), name.end()))
    for signs in _INTRAWORD.finditer(data, start, end):
        yield from range(signs.start(), signs.end())


def _stray_pipes(data: bytes, start: int, end: int) -> Iterator[int]:
    """Those of no spoiler."""
    spoilers = [(found.start(), found.end()) for found in _SPOILER.finditer(data, start, end)]
    for pipes in _PIPES.finditer(data, start, end):
        if not any(begin <= pipes.start() and pipes.end() <= until for begin, until in spoilers):
            yield from range(pipes.start(), pipes.end())


def _escaped(data: bytes, places: Iterable[int]) -> Iterator[Edit]:
    return (Edit(place, place, b"\\") for place in sorted(set(places)) if data[place - 1 : place] != b"\\")


_KINDS: Sequence[Callable[[Parsed], Iterator[Edit]]] = (
    _html,
    _markers,
    _tables,
    _tight,
    _brackets,
    _formulas,
    _links,
    _bold,
    _signs,
)

"""Entities put in order, as Telegram's own server would put them.

What may be nested in what is from "MessageEntity" and "Formatting options" in the Bot API; where that is silent, from the
server's published source. There, positions are UTF-16 units; here, until the last step, they are those of a Python string.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from telegram import MessageEntity
from telegram.constants import MessageEntityType

MOST = 100
"""Entities of a message; Telegram drops what is above (limits.tginfo.me)."""

LAST_SINGLE = 0xFFFF
"""The last code point that is one UTF-16 unit; those above are two."""

CODE = frozenset({MessageEntityType.CODE, MessageEntityType.PRE})
"""May stand in a quote, and in nothing else; nothing may stand in them."""
STYLES = frozenset(
    {
        MessageEntityType.BOLD,
        MessageEntityType.ITALIC,
        MessageEntityType.STRIKETHROUGH,
        MessageEntityType.SPOILER,
    }
)
"""May overlap anything but code, properly nested."""


@dataclass(frozen=True, slots=True)
class Span:
    """An entity from character *start* up to *end*."""

    kind: str
    start: int
    end: int
    url: str | None = None
    language: str | None = None

    def holds(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def meets(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


def ordered(text: str, spans: Iterable[Span]) -> list[Span]:
    """*spans* of *text*, trimmed and properly nested. Where two cannot both be, the outer one stays, and a style gives
    way to code."""
    every = [trimmed for span in spans if (trimmed := _trimmed(text, span))]
    quotes = _apart(span for span in every if span.kind == MessageEntityType.BLOCKQUOTE)
    links = [span for span in every if span.kind == MessageEntityType.TEXT_LINK]
    code = [span for span in every if span.kind in CODE and not any(link.meets(span) for link in links)]
    fixed = quotes + _apart(links + code)
    styles = [piece for style in _merged(every) for piece in _around(style, code)]
    whole: list[Span] = sorted(fixed, key=_place)
    for style in sorted(styles, key=_place):
        whole += _nested(style, whole)
    found = (trimmed for span in whole if (trimmed := _trimmed(text, span)))
    return sorted(found, key=_place)[:MOST]


def entities(text: str, spans: Sequence[Span]) -> tuple[MessageEntity, ...]:
    """*spans* as Telegram takes them, in UTF-16 units."""
    units = offsets(text)
    return tuple(
        MessageEntity(
            span.kind, units[span.start], units[span.end] - units[span.start], url=span.url, language=span.language
        )
        for span in spans
    )


def offsets(text: str) -> list[int]:
    """Where each character of *text* begins, and where the last one ends, in UTF-16 units."""
    return list(accumulate((1 + (ord(character) > LAST_SINGLE) for character in text), initial=0))


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, -span.end, span.kind


def _trimmed(text: str, span: Span) -> Span | None:
    """Blanks at the edges belong to nothing; those at the beginning of code do."""
    start, end = span.start, span.end
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace() and (span.kind not in CODE or text[start] == "\n"):
        start += 1
    return replace(span, start=start, end=end) if start < end else None


def _apart(spans: Iterable[Span]) -> list[Span]:
    """The outer ones of *spans*, none of which overlaps another."""
    kept: list[Span] = []
    for span in sorted(spans, key=_place):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _merged(spans: Sequence[Span]) -> list[Span]:
    """The styles among *spans*; those of one kind that touch are one."""
    merged: list[Span] = []
    for kind in sorted(STYLES):
        last: Span | None = None
        for span in sorted((span for span in spans if span.kind == kind), key=_place):
            if last is not None and span.start <= last.end:
                merged.pop()
                span = replace(last, end=max(last.end, span.end))  # noqa: PLW2901  # the union takes its place
            merged.append(span)
            last = span
    return merged


def _around(style: Span, code: Sequence[Span]) -> list[Span]:
    """*style* without what is *code*."""
    edges = sorted((span.start, span.end) for span in code if span.meets(style))
    gaps = pairwise([style.start, *(edge for pair in edges for edge in pair), style.end])
    return [replace(style, start=start, end=end) for start, end in list(gaps)[::2] if start < end]


def _nested(style: Span, others: Sequence[Span]) -> list[Span]:
    """*style*, in pieces where it would cross one of *others*."""
    edges = {style.start, style.end}
    for other in others:
        if style.meets(other) and not style.holds(other) and not other.holds(style):
            edges.add(other.end if style.start < other.end < style.end else other.start)
    return [replace(style, start=start, end=end) for start, end in pairwise(sorted(edges))]

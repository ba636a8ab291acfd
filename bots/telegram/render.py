"""A model's Markdown as Telegram shows it: text and entities, never a parse mode, so that nothing a model writes can be an
error or an instruction.

Telegram itself finds mentions and commands in a bot's text, and notifies or offers to run them; entities cannot switch that
off. They are broken by a character that has no width (`WORD_JOINER`): what one sees stays the same. In code and in links
Telegram looks for nothing, so what people copy from there is untouched.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from telegram import MessageEntity
from telegram.constants import MessageEntityType
from telegramify_markdown import RenderConfig, convert

from bots.shared.split import utf16_units
from bots.telegram.growing import completed
from bots.telegram.links import takes
from bots.telegram.markup import prepared
from bots.telegram.spans import CODE, STYLES, Span, entities, offsets, ordered

WORD_JOINER = "\u2060"
NOTHING_YET = "…"
"""Telegram takes no text in which there is nothing to see."""

LENGTH = 4096
"""UTF-16 units of a message's text, after entities ("sendMessage" in the Bot API)."""

_KINDS = STYLES | CODE | {MessageEntityType.BLOCKQUOTE, MessageEntityType.TEXT_LINK}
"""What a model can cause. Not among them: mentions of people, custom emoji."""
_CONTROL = re.compile(r"(?<!\w)(?:@(?=[A-Za-z0-9_]{2})|(?<![/<>])/(?=[A-Za-z0-9_]+(?:@\w+)?(?![\w/<>])))")
"""The beginning of what Telegram takes for a mention or a command, as its server looks for them."""
_PLAIN_LINK = re.compile(r"\bhttps?://[^\s<>]*@[^\s<>]*", re.IGNORECASE)
"""An address in which a mention could be found."""
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")
_LINE_END = re.compile("\r\n?|[\u2028\u2029]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e]")
"""Control characters, and marks that turn the direction of all that follows. Telegram drops them too."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """What `sendMessage` takes. text: at most 4096 UTF-16 units for each part that `layout.laid_out` makes."""

    text: str
    entities: tuple[MessageEntity, ...] = ()


@lru_cache(maxsize=512)
def rendered(markdown: str, *, growing: bool = False) -> Formatted:
    """*markdown* for one message. growing: it is not at its end yet, and what is half written is shown as what it will
    be. Never without something to see."""
    source = cleaned(markdown)
    text, spans = _converted(completed(source) if growing else source)
    if not _is_visible(text):
        text, spans = (NOTHING_YET if growing or not _is_visible(source) else source.strip()), []
    text, spans = _stripped(text, spans)
    text, spans = _harmless(text, ordered(text, spans))
    if utf16_units(text) > LENGTH:  # a fence that is none for the parser: what was written is what there is
        text, spans = _beginning(_harmless(source, [])[0]), []
    return Formatted(text, entities(text, spans))


def cleaned(markdown: str) -> str:
    """Without what no message can hold; a line ends with a line feed."""
    return _FORBIDDEN.sub("", _LINE_END.sub("\n", markdown)).encode("utf-8", "replace").decode()


def _style() -> RenderConfig:
    style = RenderConfig.isolated()
    style.cite_expandable = False  # what is hidden until one taps looks like an answer that was cut
    symbols = style.markdown_symbol
    for level in range(1, 7):
        setattr(symbols, f"heading_level_{level}", "")
    symbols.image = "🖼 "
    symbols.unordered_list_item = "•"
    symbols.task_completed = "✅"
    symbols.task_uncompleted = "⬜"
    symbols.horizontal_rule = "———"
    return style


_STYLE = _style()


def _converted(source: str) -> tuple[str, list[Span]]:
    text, found = convert(prepared(source), latex_escape=False, config=_STYLE)
    units = offsets(text)
    spans = (
        Span(
            entity.type,
            bisect_left(units, entity.offset),
            bisect_left(units, entity.offset + entity.length),
            entity.url,
            _language(entity.language),
        )
        for entity in found
    )
    return text, [span for span in spans if span.kind in _KINDS and _is_safe(span)]


def _language(info: str | None) -> str | None:
    found = _LANGUAGE.match(info or "")
    return found[0] if found else None


def _is_safe(span: Span) -> bool:
    return span.kind != MessageEntityType.TEXT_LINK or takes(span.url or "")


def _is_visible(text: str) -> bool:
    """Whether there is more than blanks, of whatever width."""
    return any(unicodedata.category(character)[0] not in "ZC" and character != "\u2800" for character in text)


def _beginning(text: str) -> str:
    """As much of *text* as a message holds."""
    return text.encode("utf-16-le")[: 2 * LENGTH].decode("utf-16-le", "ignore")


def _stripped(text: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """Without blanks at the end, and without empty lines before."""
    text = text.rstrip()
    lead = len(text) - len(text.lstrip("\n"))
    shifted = (replace(span, start=max(0, span.start - lead), end=min(span.end, len(text)) - lead) for span in spans)
    return text[lead:], [span for span in shifted if span.start < span.end]


def _harmless(text: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """With mentions and commands broken."""
    shields = [span for span in spans if span.kind in CODE or span.kind == MessageEntityType.TEXT_LINK]
    links = list(_plain_links(text, shields))
    spans = ordered(text, [*spans, *links]) if links else spans
    places = [found.end() for found in _CONTROL.finditer(text) if not _is_within(found.start(), [*shields, *links])]
    if not places:
        return text, list(spans)
    cuts = [0, *places, len(text)]
    broken = WORD_JOINER.join(text[start:end] for start, end in pairwise(cuts))
    return broken, [
        replace(
            span, start=span.start + bisect_left(places, span.start + 1), end=span.end + bisect_left(places, span.end)
        )
        for span in spans
    ]


def _plain_links(text: str, shields: Sequence[Span]) -> Iterator[Span]:
    for found in _PLAIN_LINK.finditer(text):
        address = found[0].rstrip(".,;:!?\"')]}*_")
        if takes(address) and not _is_within(found.start(), shields):
            yield Span(MessageEntityType.TEXT_LINK, found.start(), found.start() + len(address), address)


def _is_within(place: int, spans: Sequence[Span]) -> bool:
    return any(span.start <= place < span.end for span in spans)

"""What the Bot API says about a request, as checks: whatever it does not allow is an error in Telegram's own words.

The words and limits are those of the reference (core.telegram.org/bots/api, version 10.0) and, where it is silent, of the
server that Telegram publishes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

MOST_TEXT = 4096
MOST_CAPTION = 1024
"""UTF-16 code units, after entities were parsed (sendMessage, sendDocument)."""
MOST_BYTES = 1 << 15
MOST_ENTITIES = 100
"""What is above is dropped without a word (limits.tginfo.me; seen, not documented)."""
MOST_DATA = 64
"""Bytes (InlineKeyboardButton.callback_data)."""
MOST_BUTTONS, MOST_IN_ROW = 100, 8
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
OLD_QUERY = "query is too old and response timeout expired or query ID is invalid"
ACTIONS = frozenset(
    {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document"}
    | {"choose_sticker", "find_location", "record_video_note", "upload_video_note"}
)
SPLITTABLE = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
CODE = frozenset({"code", "pre"})
WHOLE = CODE | {"text_link", "text_mention", "custom_emoji"}
QUOTES = frozenset({"blockquote", "expandable_blockquote"})
FOUND_BY_TELEGRAM = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"})
"""Types that Telegram finds in the text by itself; sent by a bot they mean nothing."""
BUTTON_DEEDS = frozenset(
    {"callback_data", "url", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat"}
    | {"switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay"}
)
_GONE = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_BLANK = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f]")
_LINKS = re.compile(r"(?:(?:https?|tg|ton|mailto|tel):\S+|(?:[\w-]+\.)+[a-z]{2,}(?:[/:?#]\S*)?)", re.IGNORECASE)
_FINDERS = {
    "bot_command": re.compile(r"(?<![\w/<>@])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>])"),
    "mention": re.compile(r"(?<![\w@/.])@[a-zA-Z0-9_]{2,32}(?![\w@])"),
    "email": re.compile(r"(?<![\w.@])[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}(?!\w)"),
    "url": re.compile(
        r"(?<![\w@.])(?:https?://[^\s<>\"]+|(?:[a-z0-9-]+\.)+(?:com|org|net|io|me|dev|ai|app)\b[^\s<>\"]*)"
    ),
    "hashtag": re.compile(r"(?<![\w#])#\w*[^\W\d]\w*"),
}


class Refused(Exception):
    """An error response: HTTP status, Telegram's words and, for some, `ResponseParameters`."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def bad(problem: str) -> Refused:
    return Refused(400, f"Bad Request: {problem}")


def forbidden(problem: str) -> Refused:
    return Refused(403, f"Forbidden: {problem}")


def flooded(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def units(text: str) -> int:
    """UTF-16 code units, which entities are measured in."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, start: int, end: int) -> str:
    """The part of *text* from code unit *start* to *end*."""
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def settled(
    text: str, entities: list[dict[str, Any]], most: int = MOST_TEXT, *, empty: bool = False
) -> tuple[str, list[dict[str, Any]]]:
    """*text* and *entities* as Telegram keeps them: cleaned, trimmed, put in order. Raises Refused."""
    if len(text.encode()) > MOST_BYTES:
        raise bad("text is too long")
    kept = [dict(entity) for entity in entities if _is_meant(entity)]
    for entity in kept:
        _check_bounds(text, entity)
    text, kept = _cleaned(text, kept)
    text, kept = _trimmed(text, kept)
    if not text and not empty:
        raise bad("text must be non-empty")
    if units(text) > most:
        raise bad("message is too long" if most == MOST_TEXT else "message caption is too long")
    return text, ordered([entity for entity in kept if cut_of(text, entity).strip(" \n")])[:MOST_ENTITIES]


def cut_of(text: str, entity: dict[str, Any]) -> str:
    return cut(text, entity["offset"], entity["offset"] + entity["length"])


def _is_meant(entity: object) -> bool:
    """Raises Refused for what is no MessageEntity."""
    if not isinstance(entity, dict):
        raise bad("can't parse MessageEntity: expected an Object")
    for field in ("offset", "length"):
        if not isinstance(entity.get(field), int):
            raise bad(f"can't parse MessageEntity: Can't find field \"{field}\"")
        if not 0 <= entity[field] <= 1_000_000:  # the server's own number
            raise bad(f"receive an entity with incorrect {field} {entity[field]}")
    kind = entity.get("type")
    if kind not in SPLITTABLE | WHOLE | QUOTES | FOUND_BY_TELEGRAM:
        raise bad(f"can't parse MessageEntity: type {kind} is not in the reference")
    if kind == "text_link" and not _LINKS.fullmatch(str(entity.get("url", ""))):
        raise bad(f"entity URL '{entity.get('url', '')}' is invalid: Wrong HTTP URL")
    return kind not in FOUND_BY_TELEGRAM and bool(entity["length"])


def _check_bounds(text: str, entity: dict[str, Any]) -> None:
    start, end, all_of_it = entity["offset"], entity["offset"] + entity["length"], units(text)
    if start > all_of_it:
        raise bad(f"entity begins after the end of the text at UTF-16 offset {start}")
    if end > all_of_it:
        told = f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {end}"
        raise bad(told)
    if _is_inside(text, start):
        raise bad("entity begins in a middle of a UTF-16 symbol")
    if _is_inside(text, end):
        raise bad(f"entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol")


def _is_inside(text: str, offset: int) -> bool:
    """Whether *offset* lies between the two halves of one character."""
    half = text.encode("utf-16-le")[2 * offset : 2 * offset + 2]
    return 0xDC00 <= int.from_bytes(half, "little") <= 0xDFFF  # a low surrogate


def _cleaned(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Control characters become spaces; line breaks of other kinds and marks of direction vanish."""
    gone = [units(text[: found.start()]) for found in _GONE.finditer(text)]
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        entity["offset"] = start - sum(place < start for place in gone)
        entity["length"] -= sum(start <= place < end for place in gone)
    return _BLANK.sub(" ", _GONE.sub("", text)), [entity for entity in entities if entity["length"]]


def _trimmed(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Blanks at the end go, and blanks at the beginning as far as no entity holds them."""
    text = text.rstrip(" \n")
    most = units(text)
    for entity in entities:
        entity["length"] = min(entity["length"], most - entity["offset"])
    kept = [entity for entity in entities if entity["length"] > 0]
    first = min((entity["offset"] for entity in kept), default=most)
    lead = min(len(text) - len(text.lstrip(" \n")), first)
    for entity in kept:
        entity["offset"] -= lead
    return text[lead:], kept


def ordered(entities: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Properly nested: what may not overlap keeps the first of it, what may is split."""
    every = sorted(entities, key=_place)
    fixed = _apart([entity for entity in every if entity["type"] in WHOLE])
    quotes = [
        quote
        for quote in _apart([entity for entity in every if entity["type"] in QUOTES])
        if not any(_crosses(quote, other) for other in fixed)
    ]
    styles = [piece for style in every if style["type"] in SPLITTABLE for piece in _pieces(style, fixed + quotes)]
    return sorted(fixed + quotes + styles, key=_place)


def _place(entity: dict[str, Any]) -> tuple[int, int, str]:
    return entity["offset"], -entity["length"], entity["type"]


def _end(entity: dict[str, Any]) -> int:
    return int(entity["offset"] + entity["length"])


def _apart(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for entity in entities:
        if not kept or entity["offset"] >= _end(kept[-1]):
            kept.append(entity)
    return kept


def _crosses(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether each has a part outside the other, and both have one in common."""
    first, second = sorted((one, other), key=_place)
    return bool(first["offset"] < second["offset"] < _end(first) < _end(second))


def _pieces(style: dict[str, Any], fixed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    edges = {edge for entity in fixed for edge in (entity["offset"], _end(entity)) if _crosses(style, entity)}
    edges |= {edge for entity in fixed if entity["type"] in CODE for edge in (entity["offset"], _end(entity))}
    start, end = style["offset"], _end(style)
    marks = [start, *sorted(edge for edge in edges if start < edge < end), end]
    pieces = [{**style, "offset": here, "length": there - here} for here, there in pairwise(marks)]
    code = [entity for entity in fixed if entity["type"] in CODE]
    return [piece for piece in pieces if not any(_within(piece, entity) for entity in code)]


def _within(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(other["offset"] <= one["offset"] and _end(one) <= _end(other))


def found(text: str, entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """*entities* and those that Telegram finds in *text* by itself, outside code and links."""
    taken = [entity for entity in entities if entity["type"] in WHOLE]
    extra: list[dict[str, Any]] = []
    for kind, pattern in _FINDERS.items():
        for match in pattern.finditer(text):
            entity: dict[str, Any] = {"type": kind, "offset": units(text[: match.start()]), "length": units(match[0])}
            if not any(entity["offset"] < _end(other) and other["offset"] < _end(entity) for other in taken):
                taken.append(entity)
                extra.append(entity)
    return sorted([*entities, *extra], key=_place)


def parsed(value: str, what: str) -> Any:
    """The JSON that a parameter holds."""
    try:
        return json.loads(value)
    except ValueError as problem:
        raise bad(f"can't parse {what} JSON object") from problem


def check_markup(markup: object) -> None:
    """Raises Refused for a keyboard that the reference does not allow."""
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        if not {"keyboard", "remove_keyboard", "force_reply"} & set(markup):
            raise bad("can't parse reply keyboard markup JSON object")
        return
    if not isinstance(rows, list) or any(not isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" must be of type Array')
    if sum(len(row) for row in rows) > MOST_BUTTONS or any(len(row) > MOST_IN_ROW for row in rows):
        raise bad("reply markup is too long")
    for row in rows:
        for button in row:
            _check_button(button)


def _check_button(button: object) -> None:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        raise bad('can\'t parse inline keyboard button: field "text" must be non-empty')
    deeds = BUTTON_DEEDS & set(button)
    if unknown := set(button) - BUTTON_DEEDS - {"text", "style", "icon_custom_emoji_id"}:
        raise bad(f"can't parse inline keyboard button: {sorted(unknown)} not in the reference")
    if len(deeds) != 1:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in deeds and not 1 <= len(str(button["callback_data"]).encode()) <= MOST_DATA:
        raise bad("BUTTON_DATA_INVALID")
    if "url" in deeds and not _LINKS.fullmatch(str(button["url"])):
        raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")

"""Files that people send along: text is read into the question, the rest is named."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from chardet import EncodingEra, detect

from core.errors import SurfaceUnavailable

log = structlog.get_logger(__name__)

LARGEST = 200_000
"""Bytes of a text file that are read: more than the context of most models holds."""
TEXT_TYPES = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml"})
TEXT_NAMES = frozenset(
    [
        "txt",
        "md",
        "csv",
        "tsv",
        "json",
        "yaml",
        "yml",
        "toml",
        "ini",
        "cfg",
        "log",
        "xml",
        "html",
        "css",
        "js",
        "ts",
        "py",
        "sh",
        "sql",
        "c",
        "h",
        "cpp",
        "rs",
        "go",
        "java",
    ]
)
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte-order marks; the longer ones first, as one of them begins with a shorter one."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on a platform. type: its media type, empty where nobody says. size: in bytes. fetch: its first bytes, as
    many as are asked for; raises SurfaceUnavailable."""

    name: str
    type: str
    size: int
    fetch: Callable[[int], Awaitable[bytes]]


async def read(file: Attachment, *, bare: bool = False) -> str:
    """A paragraph for the model about the file: its text, or that it cannot be read. *bare*: the text alone, where the
    file is nothing but what somebody says."""
    name = " ".join(file.name.split())
    if not _is_text(file):
        return f"[The file {name} cannot be read here.]"
    if file.size > LARGEST:
        return f"[The file {name} is too large to be read here.]"
    try:
        content = await file.fetch(LARGEST)
    except SurfaceUnavailable as problem:
        log.warning("attachment.not_read", detail=str(problem))
        return f"[The file {name} could not be fetched.]"
    text = await asyncio.to_thread(decoded, content)
    if text is None:
        return f"[The file {name} cannot be read here.]"
    return text if bare else f"The file {name}:\n{text}"


def _is_text(file: Attachment) -> bool:
    kind = file.type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in TEXT_TYPES or file.name.rpartition(".")[2].lower() in TEXT_NAMES


def decoded(content: bytes) -> str | None:
    """The text of *content*, by its byte-order mark; else as UTF-8, since hardly anything else is valid as that; else in
    the encoding in which it looks most like a language. None where it is no text."""
    if mark := next((mark for mark in MARKS if content.startswith(mark)), None):
        return content.decode(MARKS[mark], "replace")
    if b"\0" not in content:
        with suppress(UnicodeDecodeError):
            return content.decode()
    encoding = detect(content, encoding_era=EncodingEra.MODERN_WEB)["encoding"]
    return content.decode(encoding, "replace") if encoding else None

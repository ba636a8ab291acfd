"""Files that people send along: text is read into the question, the rest is named."""

from __future__ import annotations

import codecs
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

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
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
GUESSES = ("utf-8", "cp1252", "latin-1")
"""In this order: hardly anything but UTF-8 is valid UTF-8, and every byte is Latin-1."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on a platform. type: its media type, empty where nobody says. size: in bytes. fetch: its first bytes, as
    many as are asked for; raises SurfaceUnavailable."""

    name: str
    type: str
    size: int
    fetch: Callable[[int], Awaitable[bytes]]


async def read(file: Attachment) -> str:
    """A paragraph for the model about the file: its text, or that it cannot be read."""
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
    return f"The file {name}:\n{decoded(content)}"


def _is_text(file: Attachment) -> bool:
    kind = file.type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in TEXT_TYPES or file.name.rpartition(".")[2].lower() in TEXT_NAMES


def decoded(content: bytes) -> str:
    """The text of *content*, by its byte-order mark or by the first encoding that it is valid in."""
    marked = next((encoding for mark, encoding in MARKS.items() if content.startswith(mark)), None)
    for encoding in (*([marked] if marked else []), *GUESSES):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("every byte is Latin-1")

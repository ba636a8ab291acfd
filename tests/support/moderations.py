"""The Moderations API of a test's own server: strict about requests, and answering as OpenAI's reference has it. What it
finds in a text, or in a picture, is decided by the words in it."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
OF_PICTURES = frozenset(
    ["self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "violence", "violence/graphic"]
)
"""The categories that are looked for in pictures too. Source: OpenAI's moderation guide."""
FLAGGED_FROM = 0.5
MODELS = frozenset({"omni-moderation-latest", "omni-moderation-2024-09-26"})
TEXT_MODELS = frozenset({"text-moderation-latest", "text-moderation-stable"})
LONGEST_ADVISED = 2000
"""Characters of a piece. Source: OpenAI's moderation guide."""
MOST_PICTURES = 1
"""In one request, else `too_many_images`. The guide's examples have one; its service says the number."""
LARGEST_PICTURE = 20_000_000
"""Bytes. Source: OpenAI's moderation guide."""
_PNG = b"\x89PNG\r\n\x1a\n"
_DATA = "data:image/png;base64,"

Complaint = tuple[str, str, str | None]
"""What is wrong with a request, where, and by which code."""


@dataclass
class Judge:
    """words: what each scores, by category. checked: every text that was sent, request by request. seen: every picture."""

    words: dict[str, dict[str, float]] = field(
        default_factory=lambda: {"murder": {"violence": 0.9, "violence/graphic": 0.6}, "insult": {"harassment": 0.7}}
    )
    checked: list[list[str]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [text for texts in self.checked for text in texts]

    def complaint(self, body: Mapping[str, Any]) -> Complaint | None:
        unknown = next((name for name in body if name not in {"input", "model"}), None)
        if unknown:
            return f"Unrecognized request argument supplied: {unknown}", unknown, None
        model = body.get("model", "omni-moderation-latest")
        if model not in MODELS | TEXT_MODELS:
            return "Invalid value for 'model'.", "model", None
        asked = body.get("input")
        if isinstance(asked, list) and all(isinstance(part, dict) for part in asked) and model in MODELS:
            return _about_parts(asked)
        return _about_texts(asked if isinstance(asked, list) else [asked])

    def verdict(self, body: Mapping[str, Any]) -> dict[str, Any]:
        asked = body["input"] if isinstance(body["input"], list) else [body["input"]]
        if isinstance(asked[0], str):
            self.checked.append(asked)
            results = [self._result(text) for text in asked]
        else:
            results = [self._seen(asked)]
        return {"id": f"modr-{len(self.checked)}", "model": "omni-moderation-2024-09-26", "results": results}

    def _seen(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        """One result for all of them."""
        self.checked.append([part["text"] for part in parts if part["type"] == "text"])
        pictures = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        self.seen += pictures
        return self._result("\n".join(self.checked[-1]), "".join(map(_drawn, pictures)))

    def _result(self, text: str, picture: str = "") -> dict[str, Any]:
        scores = dict.fromkeys(CATEGORIES, 0.0001 if text else 0.0)
        scores |= {name: score for name, score in self._found(picture) if name in OF_PICTURES}
        scores |= dict(self._found(text))
        categories = {name: score >= FLAGGED_FROM for name, score in scores.items()}
        return {
            "flagged": any(categories.values()),
            "categories": categories,
            "category_scores": scores,
            "category_applied_input_types": {name: _applied(name, text, picture) for name in CATEGORIES},
        }

    def _found(self, text: str) -> Iterator[tuple[str, float]]:
        for word, scores in self.words.items():
            if word in text:
                yield from scores.items()


def picture_of(what: str) -> str:
    """The address of a picture, a real one of a single dot that says so of itself: it shows *what*."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Title\0" + what.encode("latin-1")),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    )
    drawn = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return _DATA + base64.b64encode(_PNG + drawn).decode()


def _about_texts(texts: list[Any]) -> Complaint | None:
    if not texts or not all(isinstance(text, str) and text for text in texts):
        return "Invalid type for 'input': expected one of a string or an array of strings.", "input", "invalid_type"
    if max(map(len, texts)) > LONGEST_ADVISED:
        return "Invalid 'input': a text is too long.", "input", None
    return None


def _about_parts(parts: list[dict[str, Any]]) -> Complaint | None:
    texts = [part.get("text") for part in parts if part.keys() == {"type", "text"} and part["type"] == "text"]
    images = [part["image_url"] for part in parts if part.keys() == {"type", "image_url"}]
    if not parts or len(texts) + len(images) < len(parts):
        return "Invalid value for 'input': expected parts of the type 'text' or 'image_url'.", "input", "invalid_value"
    if len(images) > MOST_PICTURES:
        said = f"Number of images ({len(images)}) exceeds maximum of {MOST_PICTURES}"
        return said, "input", "too_many_images"
    if not all(isinstance(image, dict) and image.keys() == {"url"} and _is_picture(image["url"]) for image in images):
        return "Invalid image.", "input", "invalid_image"
    return _about_texts(texts) if texts else None


def _is_picture(url: object) -> bool:
    if not isinstance(url, str) or not url.startswith("data:"):
        return isinstance(url, str) and url.startswith(("https://", "http://"))
    try:
        content = base64.b64decode(url.removeprefix(_DATA), validate=True)
    except binascii.Error:
        return False
    return content.startswith(_PNG) and len(content) <= LARGEST_PICTURE


def _drawn(url: str) -> str:
    """What can be seen there; of a picture on the web its address says it."""
    return base64.b64decode(url.removeprefix(_DATA)).decode("latin-1") if url.startswith(_DATA) else url


def _applied(category: str, text: str, picture: str) -> list[str]:
    return (["text"] if text else []) + (["image"] if picture and category in OF_PICTURES else [])

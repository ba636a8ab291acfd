"""An answer as a client gets it: under Parlour's name of the model, with nothing of whoever made it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.completions import Chunk, Frame, usage_body
from core.domain import Usage

DONE = b"data: [DONE]\n\n"
_TOLD = frozenset({"choices", "service_tier"})
"""Of what a server says beside the answer itself, what is passed on: all else names or describes the server."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(separators=(",", ":")).encode


def encoded(value: object) -> bytes:
    """JSON. Half a character, which some servers send in a chunk, can only be escaped."""
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        return _encode_ascii(value).encode()


def event(value: object) -> bytes:
    return b"data: %b\n\n" % encoded(value)


@dataclass(frozen=True, slots=True)
class Dress:
    """Makes a server's chunks look like ours. The usage is told once, at the end of a stream."""

    frame: Frame

    def pieces(self, batch: Iterable[Chunk]) -> bytes:
        return b"".join(event(self._dressed("chat.completion.chunk", chunk)) for chunk in batch if chunk.get("choices"))

    def ending(self, usage: Usage | None) -> bytes:
        """*usage*: None where the client did not ask for it."""
        return DONE if usage is None else event(self.frame.used(usage)) + DONE

    def whole(self, chunk: Chunk, usage: Usage) -> bytes:
        return encoded({**self._dressed("chat.completion", chunk), "usage": usage_body(usage)})

    def _dressed(self, kind: str, chunk: Mapping[str, Any]) -> dict[str, Any]:
        frame = self.frame
        ours = {"id": frame.id, "object": kind, "created": frame.created, "model": frame.model}
        return {**ours, **{name: value for name, value in chunk.items() if name in _TOLD}}

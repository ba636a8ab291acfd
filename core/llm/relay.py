"""A client's own request, passed to a model's server and back with as little in between as there can be.

Nothing here is typed: what the server and its client have agreed upon is theirs. Chunks are dictionaries as `jiter` reads
them, so that whoever passes them on can change the model's name and hold back what is nobody's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Self

from jiter import from_json

from core.completions import Chunk, in_pieces
from core.errors import ModelGarbled
from core.llm.deltas import AnswerBody, StallGuard
from core.llm.events import Event, EventReader
from core.llm.transcript import LONGEST_BODY, Fail, parsed, parsed_lines, parsed_or_text

LONGEST_WHOLE = 600.0
"""Seconds for an answer that is not streamed: nothing is heard of it before it is there. As long as OpenAI's own clients
wait."""
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


class Passage:
    """`Reader` that takes an answer's bytes apart into chunks. choices: how many answers were asked for. Some servers
    ignore ``stream``: their whole answer becomes chunks."""

    def __init__(self, fail: Fail, choices: int, *, streamed: bool) -> None:
        self._fail = fail
        self._streamed = streamed
        self._choices = choices
        self._finished: set[object] = set()
        self._events = EventReader()
        self._whole: bytearray | None = None if streamed else bytearray()
        self._seen = not streamed
        self.done = False
        self.moved = 0

    @property
    def complete(self) -> bool:
        return self.done or len(self._finished) >= self._choices

    def feed(self, data: bytes) -> list[Chunk]:
        if not self._seen and (start := data.lstrip()[:1]):
            self._seen = True
            self._whole = bytearray() if start in {b"{", b"["} else None
        if self._whole is None:
            return [chunk for event in self._events.feed(data) for chunk in self._chunks(event)]
        self._whole += data
        if len(self._whole) > LONGEST_BODY:
            raise ModelGarbled("an answer without end")
        return []

    def end(self) -> list[Chunk]:
        if self._whole is not None:
            return self._all_of(bytes(self._whole))
        last = [chunk for event in self._events.end() for chunk in self._chunks(event)]
        if not self.complete:
            raise ModelGarbled("the answer was cut off")
        return last

    def _all_of(self, body: bytes) -> list[Chunk]:
        whole = self._checked(parsed(body))
        if not whole.get("choices"):
            raise ModelGarbled("an answer without choices")
        self.done = True
        return in_pieces(whole) if self._streamed else [whole]

    def _chunks(self, event: Event) -> Iterator[Chunk]:
        name, data = event
        if data == b"[DONE]":
            self.done = True
        elif name == b"error":
            self._fail(parsed_or_text(data))
        else:
            yield from map(self._checked, _objects(data))

    def _checked(self, chunk: Any) -> Chunk:
        if not isinstance(chunk, dict):
            raise ModelGarbled("not a chunk of an answer")
        if chunk.get("error"):
            self._fail(chunk)
        self.moved += 1
        for choice in chunk.get("choices") or ():
            if not isinstance(choice, dict):
                raise ModelGarbled("a choice that is none")
            if choice.get("finish_reason"):
                self._finished.add(choice.get("index", 0))
        return chunk


class Relayed:
    """A server's answer, batch by batch: what arrived together comes out together."""

    def __init__(self, body: AnswerBody[list[Chunk]], guard: StallGuard, first: list[Chunk]) -> None:
        self._body = body
        self._guard = guard
        self._first: list[Chunk] | None = first
        guard.rest()

    @classmethod
    async def begun(cls, body: AnswerBody[list[Chunk]], guard: StallGuard) -> Self:
        """Returns once there is something. Raises ModelError."""
        first = await body.read()
        if first is None:
            raise ModelGarbled("an empty answer")
        return cls(body, guard, first)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Chunk]:
        batch, self._first = self._first, None
        if batch is None:
            self._guard.resume()
            batch = await self._body.read()
            self._guard.rest()
        if batch is None:
            raise StopAsyncIteration
        return batch


def discreet(words: str, names: Iterable[str]) -> str:
    """A server's *words* about a request, for who wrote it: without addresses, and without *names* in any case."""
    words = _ADDRESS.sub("(address)", words)
    for name in sorted(filter(None, names), key=len, reverse=True):
        words = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "the provider", words, flags=re.IGNORECASE)
    return words


def _objects(data: bytes) -> list[Any]:
    try:
        return [from_json(data)]
    except ValueError:
        return parsed_lines(data)

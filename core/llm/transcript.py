"""The body of a Chat Completions answer, streamed or whole, read chunk by chunk. The hot path: a dictionary lookup per
chunk, no typed models."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from jiter import from_json

from core.completions import read_usage
from core.domain import Finish, Usage
from core.errors import ContentRefused, ModelGarbled
from core.llm.events import Event, EventReader
from core.llm.thoughts import ThoughtFilter
from core.llm.tokens import whole

LONGEST_BODY = 16 * 1024 * 1024
"""Bytes of an answer that is not streamed."""
_EXCERPT = 200
_LENGTH_REASONS = {"length", "max_tokens", "model_length"}
_REASONING = ("reasoning_content", "reasoning")

Fail = Callable[[object], NoReturn]
"""Raises the error that an error body stands for."""


class Transcript:
    """Takes in bytes, gives out the answer's text. `finish` is None until the server said why the answer ended; `done`
    means that nothing more will follow; `moved` counts the chunks that brought text or reasoning; `source` is what the
    server calls the model, where it reports the usage."""

    def __init__(self, fail: Fail) -> None:
        self._fail = fail
        self._events = EventReader()
        self._thoughts = ThoughtFilter()
        self._body: bytearray | None = None
        self._start = b""
        self._seen = False
        self.finish: Finish | None = None
        self.done = False
        self.moved = 0
        self.usage: Usage | None = None
        self.source = ""

    @property
    def complete(self) -> bool:
        return self.done or self.finish is not None

    def feed(self, data: bytes) -> str:
        """The answer text in *data*. Raises ModelError for an error, a refusal or something unreadable."""
        if not self._seen:
            data = self._look_at(data)
        if self._body is not None:
            return self._collect(self._body, data)
        text = ""
        for event in self._events.feed(data):
            text += self._event(event)
        return text

    def end(self) -> str:
        """The text that was still held back when the body ended. Raises ModelGarbled if it ended too early."""
        text = self._whole_answer() if self._body is not None else "".join(map(self._event, self._events.end()))
        text += self._thoughts.end()
        if self.finish is None and not self.done:
            excerpt = self._start.decode(errors="replace") if not self.moved else ""
            raise ModelGarbled(f"the answer was cut off {excerpt!r}" if excerpt else "the answer was cut off")
        self.finish = self.finish or Finish.STOP
        return text

    def _look_at(self, data: bytes) -> bytes:
        """Some servers ignore ``stream``: what begins with a brace is one JSON object."""
        start = self._start + data
        self._start = start[:_EXCERPT]
        begun = start.lstrip()
        if begun:
            self._seen = True
            self._body = bytearray() if begun[:1] in {b"{", b"["} else None
        return data

    def _collect(self, body: bytearray, data: bytes) -> str:
        body += data
        if len(body) > LONGEST_BODY:
            raise ModelGarbled("an answer without end")
        return ""

    def _whole_answer(self) -> str:
        text = self._chunk(parsed(bytes(self._body or b"")))
        self.finish = self.finish or Finish.STOP
        return text

    def _event(self, event: Event) -> str:
        name, data = event
        if data == b"[DONE]":
            self.done = True
            return ""
        if name == b"error":
            self._fail(parsed_or_text(data))
        try:
            chunk = from_json(data)
        except ValueError:
            return "".join(map(self._chunk, parsed_lines(data)))
        return self._chunk(chunk)

    def _chunk(self, chunk: Any) -> str:
        if not isinstance(chunk, dict):
            raise ModelGarbled(f"not a chunk of an answer: {str(chunk)[:_EXCERPT]!r}")
        if chunk.get("error"):
            self._fail(chunk)
        usage = chunk.get("usage")
        if usage:
            self._count(usage)
            self.source = str(chunk.get("model") or "")
        choices = chunk.get("choices")
        if not choices:
            self._odd(chunk, usage)
            return ""
        return self._choice(choices[0] if isinstance(choices, list) else choices)

    def _choice(self, choice: Any) -> str:
        if not isinstance(choice, dict):
            raise ModelGarbled("a choice that is none")
        delta = choice.get("delta") or choice.get("message")
        text = self._delta(delta) if isinstance(delta, dict) else ""
        reason = choice.get("finish_reason")
        if reason:
            self._finished(reason)
        return text

    def _delta(self, delta: dict[str, Any]) -> str:
        """The answer in it. A model that declines says so in `refusal`: that, too, is its answer."""
        content = delta.get("content") or delta.get("refusal")
        if content:
            self.moved += 1
            text = content if type(content) is str else _joined(content)
            return text if self._thoughts.through else self._thoughts.feed(text)
        if any(delta.get(key) for key in _REASONING):
            self.moved += 1
        return ""

    def _finished(self, reason: object) -> None:
        if reason == "content_filter":
            raise ContentRefused("finish_reason content_filter")
        if reason == "error":
            raise ModelGarbled("finish_reason error")
        self.finish = Finish.LENGTH if isinstance(reason, str) and reason in _LENGTH_REASONS else Finish.STOP

    def _odd(self, chunk: dict[str, Any], usage: object) -> None:
        """A chunk without choices: usage, a filter's report, an identifier. Groq hides the usage in it."""
        hidden = chunk.get("x_groq")
        if isinstance(hidden, dict) and not usage:
            self._count(hidden.get("usage"))

    def _count(self, usage: object) -> None:
        if isinstance(usage, dict):
            self.usage = read_usage(usage)


def _joined(content: object) -> str:
    """Content as a list of parts; those that are not text are reasoning."""
    if not isinstance(content, list):
        return ""
    return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))


def parsed(data: bytes) -> Any:
    """JSON that jiter refuses may still be sound for others: half a surrogate pair is."""
    try:
        return from_json(data)
    except ValueError:
        pass
    try:
        return json.loads(whole(json.dumps(json.loads(data), ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise ModelGarbled(f"not JSON: {data[:_EXCERPT].decode(errors='replace')!r}") from error


def parsed_lines(data: bytes) -> list[Any]:
    """Chunks from an event's lines: some servers forget the empty line between two events."""
    lines = [line for line in data.split(b"\n") if line.strip() and line.strip() != b"[DONE]"]
    return [parsed(line) for line in lines] if len(lines) > 1 else [parsed(data)]


def parsed_or_text(data: bytes) -> object:
    try:
        return from_json(data)
    except ValueError:
        return data.decode(errors="replace")

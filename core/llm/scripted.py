"""A model that says what it is told to: for tests, for trying out a surface, for runs where every answer must be known."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from core.completions import Chunk, Frame, reason, text_in
from core.domain import Finish, ModelSpec, Prompt, PromptMessage, Usage
from core.errors import ConfigError, ModelError
from core.llm.deltas import Meter
from core.llm.tokens import OpenAITokens
from core.ports import Clock

WINDOW = 8192
MAX_OUTPUT = 2048
REMEMBERED = 1000
"""Prompts of a model that may have to last for a day."""
_WORDS = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, slots=True)
class Script:
    """One reply. pieces: its text as it comes. refusal: raised instead of beginning. error: raised after the pieces.
    delay: seconds before each piece. stall: seconds of silence after the pieces. usage: None is an estimate."""

    pieces: tuple[str, ...] = ()
    refusal: ModelError | None = None
    error: ModelError | None = None
    delay: float = 0.0
    stall: float = 0.0
    finish: Finish = Finish.STOP
    usage: Usage | None = None


def spoken(text: str, delay: float = 0.0) -> Script:
    """*text*, word by word."""
    return Script(tuple(_WORDS.findall(text)), delay=delay)


class ScriptedModel:
    """`LanguageModel`. Plays *scripts* one call after the other, then echoes the last user message: ``You said: …``.
    `prompts` are those it was asked, in order."""

    def __init__(self, spec: ModelSpec, clock: Clock, scripts: Iterable[Script] = (), delay: float = 0.0) -> None:
        self._spec = spec
        self._clock = clock
        self._delay = delay
        self._counter = OpenAITokens()
        self.scripts = list(scripts)
        self.prompts: list[Prompt] = []
        self._relayed = 0

    @property
    def spec(self) -> ModelSpec:
        return self._spec

    async def learn_window(self, limit: int) -> None:
        self._spec = replace(self._spec, window=min(limit, self._spec.window))

    @asynccontextmanager
    async def stream(self, prompt: Prompt) -> AsyncIterator[ScriptedDeltas]:
        self.prompts.append(prompt)
        del self.prompts[:-REMEMBERED]
        script = self.scripts.pop(0) if self.scripts else spoken(echo(prompt), self._delay)
        if script.refusal:
            raise script.refusal
        yield ScriptedDeltas(script, self._clock, Meter(self._spec, prompt, self._counter))

    @asynccontextmanager
    async def relay(self, body: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[list[Chunk]]]:
        """Every one of several choices says the same."""
        prompt = Prompt(tuple(map(_prompt_message, body["messages"])))
        self._relayed += 1
        frame = Frame(f"chatcmpl-{self._relayed}", int(self._clock.now()), self._spec.id)
        async with self.stream(prompt) as deltas:
            told = _in_pieces if body.get("stream") else _whole
            yield told(deltas, frame, range(body.get("n") or 1))


def _prompt_message(message: Mapping[str, Any]) -> PromptMessage:
    return PromptMessage("user" if message.get("role") == "user" else "assistant", text_in(message))


async def _in_pieces(deltas: ScriptedDeltas, frame: Frame, choices: range) -> AsyncIterator[list[Chunk]]:
    yield [frame.piece({"role": "assistant", "content": ""}, index=index) for index in choices]
    async for text in deltas:
        yield [frame.piece({"content": text}, index=index) for index in choices]
    yield [frame.piece({}, reason(deltas.finish), index) for index in choices]
    yield [frame.used(deltas.usage)]


async def _whole(deltas: ScriptedDeltas, frame: Frame, choices: range) -> AsyncIterator[list[Chunk]]:
    text = "".join([piece async for piece in deltas])
    yield [frame.whole([text] * len(choices), reason(deltas.finish), deltas.usage)]


class ScriptedDeltas:
    """`Deltas` of one script."""

    def __init__(self, script: Script, clock: Clock, meter: Meter) -> None:
        self._script = script
        self._clock = clock
        self._meter = meter
        self._next = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        script = self._script
        if self._next == len(script.pieces):
            await self._clock.sleep(script.stall)
            if script.error:
                raise script.error
            raise StopAsyncIteration
        await self._clock.sleep(script.delay)
        self._next += 1
        return script.pieces[self._next - 1]

    @property
    def finish(self) -> Finish:
        return self._script.finish

    @property
    def usage(self) -> Usage:
        return self._meter.usage(self._script.usage, "".join(self._script.pieces[: self._next]))

    @property
    def source(self) -> str:
        return ""


def echo(prompt: Prompt) -> str:
    """What the model says when its script is over: the same for the same prompt."""
    questions = [message.content for message in prompt.messages if message.role == "user"]
    return f"You said: {questions[-1] if questions else ''}"


def scripts_from(model: str, settings: dict[str, Any]) -> tuple[Sequence[Script], float]:
    """The scripts in a configuration's `extra_body`: `replies`, a list of texts, and `delay`, seconds per word.
    Raises ConfigError."""
    replies, delay = settings.get("replies", []), settings.get("delay", 0)
    if not isinstance(replies, list) or not all(isinstance(reply, str) for reply in replies):
        raise ConfigError(f"models: {model}: extra_body.replies: expected a list of texts")
    if isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0:
        raise ConfigError(f"models: {model}: extra_body.delay: expected seconds, at least 0")
    return [spoken(reply, delay) for reply in replies], float(delay)

"""A few words of example before every conversation with the built-in model.

A model of 135 million parameters does not understand instructions well but continues patterns well: a few short
conversations show it how one goes. Larger models need none of this and get none of it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from core.completions import Chunk
from core.domain import ModelSpec, Prompt, PromptMessage
from core.ports import Deltas, LanguageModel

ROOM = 384
"""Tokens of the window that are kept for the examples."""
TAKEN = 308
"""Tokens of it that they take, as the model's server reports it."""


def _named(name: str) -> tuple[PromptMessage, ...]:
    return (
        PromptMessage("user", f"My name is {name}."),
        PromptMessage("assistant", f"Nice to meet you, {name}!"),
        PromptMessage("user", "What is my name?"),
        PromptMessage("assistant", f"Your name is {name}."),
    )


_HELLO = (PromptMessage("user", "Hello!"), PromptMessage("assistant", "Hello! How can I help you?"))
_FACT = (
    PromptMessage("user", "What is the capital of Italy?"),
    PromptMessage("assistant", "The capital of Italy is Rome."),
)
_UNKNOWN = (
    PromptMessage("user", "What is my name?"),
    PromptMessage("assistant", "I do not know your name yet. What is it?"),
)
EXAMPLES = (
    *_UNKNOWN,
    *_named("Bob"),
    *_named("Maria"),
    *_HELLO,
    *_FACT,
    *_UNKNOWN,
    *_named("Tom"),
    *_named("Lena"),
)
"""Chosen by trying: over 10 names told in one message, all 10 were known in the next two answers, against 2 without
examples (`bench/name_recall.py` repeats it over 20)."""


_SPEAKER = re.compile(r"[^\n:]{1,64}: (?=\S)")
"""As `core.conversations.context.rendered` puts a speaker's name before what they said."""


def unnamed(messages: Sequence[PromptMessage]) -> tuple[PromptMessage, ...]:
    """Without the speaker's name before each question, where one person speaks alone: a model this small says it after
    them, "Ada: Hello!" to Ada, and forgets what it was told."""
    questions = [message.content for message in messages if message.role == "user"]
    names = {found[0] if (found := _SPEAKER.match(question)) else "" for question in questions}
    if len(names) != 1:
        return tuple(messages)
    name = names.pop()
    return tuple(
        replace(message, content=message.content.removeprefix(name)) if message.role == "user" else message
        for message in messages
    )


class Primed:
    """`LanguageModel` that shows *model* the examples, after the persona and before the conversation."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    @property
    def spec(self) -> ModelSpec:
        spec = self._model.spec
        return replace(spec, window=max(0, spec.window - ROOM))

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[Deltas]:
        personas = sum(message.role == "system" for message in prompt.messages[:1])
        messages = (*prompt.messages[:personas], *EXAMPLES, *unnamed(prompt.messages[personas:]))
        tokens = prompt.tokens + TAKEN if prompt.tokens else 0
        return self._model.stream(replace(prompt, messages=messages, tokens=tokens))

    def relay(self, body: Mapping[str, Any]) -> AbstractAsyncContextManager[AsyncIterator[list[Chunk]]]:
        messages = list(body["messages"])
        personas = sum(message.get("role") == "system" for message in messages[:1])
        examples = [{"role": example.role, "content": example.content} for example in EXAMPLES]
        return self._model.relay({**body, "messages": [*messages[:personas], *examples, *messages[personas:]]})

    async def learn_window(self, limit: int) -> None:
        await self._model.learn_window(limit + ROOM)

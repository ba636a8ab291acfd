"""A client's own request under moderation: what of it is checked, and an answer whose chunks are held until they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from core.completions import Chunk, pictures_in, text_in, words_in
from core.conversations.moderating import Moderation
from core.conversations.showing import CONTEXT, least_step
from core.errors import AnswerFlagged
from core.watching import Subject

FILTERED = "content_filter"
"""The protocol's word for how a refused answer ends."""


def asked_in(messages: Sequence[Mapping[str, Any]]) -> tuple[str, tuple[str, ...]]:
    """What a request asks anew: the text of the user's messages since the last answer, and their pictures. What came before
    was checked when it was new, if it was asked here. An answer that is the last message is only begun, and by who asks."""
    new: list[Mapping[str, Any]] = []
    for before, message in enumerate(reversed(messages)):
        if message.get("role") == "assistant" and before:
            break
        if message.get("role") in {"user", "assistant"}:
            new.insert(0, message)
    return "\n\n".join(filter(None, map(text_in, new))), tuple(picture for each in new for picture in pictures_in(each))


class Withholding:
    """The chunks of one answer, a step at a time: each after all that is said in it was checked. Where anything is refused
    the whole answer is, with all of its choices."""

    def __init__(self, moderation: Moderation) -> None:
        self._moderation = moderation
        self._said: dict[int, str] = {}
        self._passed: dict[int, int] = {}
        self._refused = False

    async def next(self, read: Callable[[], Awaitable[list[Chunk]]]) -> list[Chunk]:
        """The next chunks of those that *read* gives, which arrived together. Raises StopAsyncIteration after the last
        ones, NotModerated, and what reading raises."""
        held: list[Chunk] = []
        while not self._refused and not self._is_due(held):
            try:
                batch = await read()
            except StopAsyncIteration:
                break
            held += batch
            self._note(batch)
        if not held:
            raise StopAsyncIteration
        try:
            await self._check()
        except AnswerFlagged:
            self._refused = True
            return [_refused(held, self._said)]
        return held

    def _is_due(self, held: list[Chunk]) -> bool:
        ended = any(choice.get("finish_reason") for chunk in held for choice in _choices(chunk))
        return ended or any(
            len(text) - self._passed.get(index, 0) >= least_step(self._passed.get(index, 0))
            for index, text in self._said.items()
        )

    def _note(self, batch: list[Chunk]) -> None:
        for chunk in batch:
            for choice in _choices(chunk):
                index = choice.get("index") or 0
                words = words_in(choice.get("delta") or choice.get("message"))
                self._said[index] = self._said.get(index, "") + words

    async def _check(self) -> None:
        for index, text in self._said.items():
            passed = self._passed.get(index, 0)
            if passed < len(text):
                await self._moderation.check(Subject.ANSWER, text[max(0, passed - CONTEXT) :])
                self._passed[index] = len(text)


def _choices(chunk: Chunk) -> Sequence[dict[str, Any]]:
    return chunk.get("choices") or ()


def _refused(held: list[Chunk], said: Mapping[int, str]) -> Chunk:
    """An end in place of *held*: without a word, in the form that the answer has."""
    first = held[0]
    is_whole = any("message" in choice for choice in _choices(first))
    empty = {"message": {"role": "assistant", "content": "", "refusal": None}} if is_whole else {"delta": {}}
    choices = [{"index": index, **empty, "logprobs": None, "finish_reason": FILTERED} for index in sorted(said)]
    return {**first, "choices": choices}

"""One streamed answer: bytes in, text out, with an eye on the clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, Protocol, Self, TypeVar

import aiohttp
import httpx2

from core.domain import Finish, ModelSpec, Prompt, Usage
from core.errors import ModelError, ModelGarbled
from core.llm.transcript import Transcript
from core.ports import Clock, TokenCounter, Watchdog

NETWORK_ERRORS = (httpx2.HTTPError, httpx2.StreamError, aiohttp.ClientError, OSError)
"""Whatever the client's transport raises when the network or the HTTP on it fails."""
TAIL = 5.0
"""Seconds for the usage that follows the end of an answer. The answer itself is complete."""
LINGER = 0.2
"""Seconds for the end of the body after ``[DONE]``, so that the connection can be used again."""
PATIENCE = 300.0
"""Seconds in which who asked takes what there is of the answer; only then is the server listened to again."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Body(Protocol):
    """An HTTP response whose body is still to be read."""

    def aiter_bytes(self) -> AsyncGenerator[bytes, None]: ...
    async def aclose(self) -> None: ...


class StallGuard:
    """Ends an answer that nothing is heard of any more. first_word, stall: seconds without a byte, before the answer's
    first word and after it. A server that sends bytes but no chunk of the answer, to keep the connection alive, has
    `first_word` in all."""

    def __init__(self, clock: Clock, first_word: float, stall: float) -> None:
        self._clock = clock
        self._first_word = first_word
        self._stall = stall
        self._moved = 0
        self._moved_at = clock.monotonic()
        self.watchdog: Watchdog = clock.watchdog(first_word)

    def heard(self, moved: int, *, begun: bool) -> None:
        """Bytes came; by now *moved* chunks of the answer did."""
        now = self._clock.monotonic()
        if moved != self._moved:
            self._moved, self._moved_at = moved, now
        if now - self._moved_at < self._first_word:
            self.watchdog.feed(self._stall if begun else self._first_word)

    def rest(self) -> None:
        """Nobody listens for now: a silence is not the server's."""
        self.watchdog.feed(PATIENCE)

    def resume(self) -> None:
        self._moved_at = self._clock.monotonic()
        self.watchdog.feed(self._stall)

    def tail(self, seconds: float) -> Watchdog:
        """A deadline of its own for what follows the answer."""
        self.watchdog.feed(2 * (TAIL + LINGER))
        return self._clock.watchdog(seconds)


@dataclass(frozen=True, slots=True)
class Meter:
    """What an answer used."""

    spec: ModelSpec
    prompt: Prompt
    counter: TokenCounter

    def usage(self, reported: Usage | None, text: str) -> Usage:
        """As reported, else estimated; with its cost, where a price is known or the server said it."""
        usage = reported or self._estimate(text)
        price = self.spec.price
        return replace(usage, cost=price.of(usage)) if price and usage.cost is None else usage

    def _estimate(self, text: str) -> Usage:
        completion = self.counter.count(text).of(self.spec.encoding) * self.spec.factor
        return Usage(prompt=prompt_tokens(self.prompt, self.spec, self.counter), completion=round(completion))


def prompt_tokens(prompt: Prompt, spec: ModelSpec, counter: TokenCounter) -> int:
    """The prompt's size in the model's tokens: what its maker counted, else a count of its text."""
    if prompt.tokens:
        return prompt.tokens
    return round(sum(counter.count(message.content).of(spec.encoding) for message in prompt.messages) * spec.factor)


class Reader(Protocol[T_co]):
    """Makes something of a body's bytes. complete: the answer is, perhaps not what follows it. done: nothing follows.
    moved: chunks of the answer so far. `feed` and `end` raise ModelError."""

    done: bool
    moved: int

    @property
    def complete(self) -> bool: ...
    def feed(self, data: bytes) -> T_co: ...
    def end(self) -> T_co: ...


class AnswerBody(Generic[T]):
    """A response's body, read piece by piece. What follows the end of the answer cannot spoil it any more."""

    def __init__(self, body: Body, reader: Reader[T], guard: StallGuard) -> None:
        self._body = body
        self._bytes = body.aiter_bytes()
        self._reader = reader
        self._guard = guard
        self._held: list[T] = []
        self._begun = False
        self._ended = False

    async def read(self) -> T | None:
        """The next piece that is not empty; None at the end. Raises ModelError."""
        while not self._held and not self._ended:
            await (self._read_end() if self._reader.complete else self._read())
        return self._held.pop(0) if self._held else None

    async def aclose(self) -> None:
        with suppress(*NETWORK_ERRORS):
            await self._bytes.aclose()
            await self._body.aclose()

    async def _read(self) -> None:
        try:
            data = await anext(self._bytes)
        except StopAsyncIteration:
            self._ended = True
            self._hold(self._reader.end())
        except NETWORK_ERRORS as error:
            raise ModelGarbled(f"the answer was cut off: {type(error).__name__}") from error
        else:
            self._hold(self._reader.feed(data))
            self._guard.heard(self._reader.moved, begun=self._begun)

    async def _read_end(self) -> None:
        self._ended = True
        reader = self._reader
        with suppress(TimeoutError, ModelError, *NETWORK_ERRORS):
            async with self._guard.tail(LINGER if reader.done else TAIL) as watchdog:
                async for data in self._bytes:
                    self._hold(reader.feed(data))
                    if reader.done:
                        watchdog.feed(LINGER)
        with suppress(ModelError):
            self._hold(reader.end())

    def _hold(self, piece: T) -> None:
        if piece:
            self._begun = True
            self._held.append(piece)


class ServerDeltas:
    """`Deltas` of a server's response. Several chunks that arrive together come out as one piece."""

    def __init__(self, body: Body, transcript: Transcript, guard: StallGuard, meter: Meter) -> None:
        self._body = AnswerBody[str](body, transcript, guard)
        self._transcript = transcript
        self._meter = meter
        self._pieces: list[str] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        piece = await self._body.read()
        if piece is not None:
            self._pieces.append(piece)
            return piece
        if not any(map(str.strip, self._pieces)):
            raise ModelGarbled("an empty answer")
        raise StopAsyncIteration

    @property
    def finish(self) -> Finish:
        return self._transcript.finish or Finish.STOP

    @property
    def reported(self) -> Usage | None:
        """What the server itself reported."""
        return self._transcript.usage

    @property
    def usage(self) -> Usage:
        return self._meter.usage(self.reported, "".join(self._pieces))

    @property
    def source(self) -> str:
        return self._transcript.source

    async def aclose(self) -> None:
        await self._body.aclose()

"""A client's own request, put to a model without a conversation: which model answers, and what that used."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import structlog

from core.completions import Chunk, pictures_in, read_usage, words_in
from core.conversations.context import MESSAGE_FRAME
from core.conversations.moderating import Moderation
from core.conversations.outages import Failing
from core.conversations.tallying import UNCOUNTED, Counting
from core.conversations.withholding import Withholding, asked_in
from core.domain import ModelSpec, Tokens, Usage
from core.errors import (
    ChatError,
    ContentRefused,
    LimitReached,
    ModelBusy,
    ModelError,
    RequestRefused,
    StoreError,
    WindowExceeded,
)
from core.limits.allowances import Bill, Payer
from core.limits.budgets import Spending
from core.limits.lines import NO_LINES, Lines
from core.limits.rates import backoff
from core.limits.throttling import Throttle
from core.ports import Clock, LanguageModel, Models, TokenCounter
from core.watching import Subject, Watch

log = structlog.get_logger(__name__)

IMAGE = Tokens(1105, 1105)
"""What an image of 2048 by 4096 pixels is to a model. Source: OpenAI's guide "Images and vision", the dearest of its
examples for the models of 2024."""
_OF_THE_REQUEST = (RequestRefused, WindowExceeded, LimitReached)
"""What the model that was named may say of the request, so that no other is asked the same; of one that stands in it only
means that this one cannot: it may be smaller, know no tools, or cost too much."""
LONGEST_WAIT = 50.0
"""Seconds for a place at the provider, after which a client is told to come again: proxies hang up on what says nothing for
a minute."""
LATER = 20.0
"""Seconds after which it should. Clients of OpenAI wait for themselves where a server names up to a minute."""
LONGEST_CHARGING, LONGEST_LOOK = 30.0, 5.0
"""Seconds for which a store is waited for that is to be told what an answer cost, and between two attempts at most. Who
ends the process waits for that."""
LIMITS = ("max_completion_tokens", "max_tokens")
"""The two names of the longest an answer may be. Servers that do not know the older one say so, which is learnt."""
_TOLD = ("tools", "functions", "response_format")
"""What a model gets to read besides the messages, about as a server writes it out for it."""


async def anybody() -> None:
    """Nobody is kept from asking."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose request it is. payer: out of whose purses it is paid. allowed: the models that may be asked. key: of the
    request, unlike that of any other. admit: raises what is to be told to who may not ask any more when it can be."""

    payer: Payer
    allowed: Collection[str]
    key: str
    admit: Callable[[], Awaitable[object]] = anybody


_Asked = tuple[Mapping[str, Any], Asker]


@dataclass(frozen=True, slots=True)
class Relaying:
    """fallback: models to ask, in order, when the one that was named fails before its first word."""

    clock: Clock
    models: Models
    counter: TokenCounter
    fallback: tuple[str, ...]
    watch: Watch
    spending: Spending
    throttle: Throttle
    lines: Lines = NO_LINES
    moderation: Moderation | None = None
    tally: Counting = UNCOUNTED
    failing: Failing = field(default_factory=Failing)

    @asynccontextmanager
    async def open(self, body: Mapping[str, Any], asker: Asker) -> AsyncIterator[Answering]:
        """The answer to the request *body*, once it has begun; leaving ends the call, and settles what it came to. Raises
        StoreError, LimitReached, QuestionFlagged, NotModerated and ModelError, the latter of the model that was named where
        no other answers either; iterating does too. An answer that moderation refuses ends there, in the protocol's own
        way."""
        await self.throttle.admit(asker.key, asker.payer)
        call = _Call()
        try:
            if self.moderation and self.moderation.checks_questions:
                await self.moderation.check(Subject.QUESTION, *asked_in(body["messages"]))
            async with AsyncExitStack() as opened:
                yield await self._begin(opened, call, body, asker)
        except ChatError as problem:
            await self.tally.failed(asker.payer, problem)
            raise
        finally:
            # An HTTP server calls a client gone as soon as it has its answer, while the store is still being told.
            await _to_its_end(self._settle(call, asker))

    async def _begin(self, opened: AsyncExitStack, call: _Call, body: Mapping[str, Any], asker: Asker) -> Answering:
        first: ModelError | None = None
        for model in self._candidates(str(body["model"]), asker):
            try:
                answering = await self._ask(opened, call, model, (body, asker))
            except ContentRefused:
                raise
            except _OF_THE_REQUEST as problem:
                if first is None:
                    raise
                log.info("model.passed_over", model=model.spec.id, error=type(problem).__name__)
            except ModelError as problem:
                self.failing.gave_up(model.spec.id, problem)
                first = first or problem
            else:
                self.failing.answered(model.spec.id)
                return answering
        raise first or ModelError("no model is configured")

    async def _ask(self, opened: AsyncExitStack, call: _Call, model: LanguageModel, asked: _Asked) -> Answering:
        """What is entered here is left with *opened*, or at once where nothing comes of it."""
        async with AsyncExitStack() as entered:
            body = await self._admitted(entered, model.spec, *asked)
            call.answering = answering = Answering(model.spec, self._measure(model.spec, body))
            try:
                answering.batches = await entered.enter_async_context(model.relay(body))
            except ModelError:
                call.answering = None  # nothing was written, so nothing is billed
                raise
            opened.push_async_exit(entered.pop_all())
        if self.moderation and self.moderation.checks_answers:
            answering.withholding = Withholding(self.moderation)
        return answering

    async def _admitted(
        self, entered: AsyncExitStack, spec: ModelSpec, body: Mapping[str, Any], asker: Asker
    ) -> Mapping[str, Any]:
        """The request, with an answer no longer than what may be spent, once the provider has room for it. Raises
        BudgetSpent, ModelBusy and StoreError."""
        name, wanted = next(((name, body[name]) for name in LIMITS if body.get(name) is not None), (LIMITS[-1], None))
        bill = Bill(spec, self._measure(spec, body).prompt, answers=body.get("n") or 1, most=wanted)
        if spec.id in self.lines:
            await self.spending.check(asker.payer, bill)
            await self._queue(entered, spec.id)
        granted = await entered.enter_async_context(self.spending.held(asker.key, asker.payer, bill))
        await asker.admit()
        return body if granted is None else {**body, name: granted}

    async def _queue(self, entered: AsyncExitStack, model: str) -> None:
        try:
            async with self.clock.watchdog(LONGEST_WAIT):
                await entered.enter_async_context(self.lines.place(model, self.clock.now()))
        except TimeoutError as error:
            raise ModelBusy(f"no place in {LONGEST_WAIT:.0f} s", retry_after=LATER) from error

    async def _settle(self, call: _Call, asker: Asker) -> None:
        if call.answering is None:
            try:
                await self.spending.refund(asker.key)
            except StoreError as problem:  # it lapses by itself
                log.warning("api.not_refunded", detail=str(problem))
            return
        used = call.answering.usage
        self.watch.asked(call.answering.model, used)
        await self._charge(asker, used)
        await self.tally.answered(asker.payer, call.answering.model, used)

    async def _charge(self, asker: Asker, used: Usage) -> None:
        """Waits for a store that is away: what nobody is charged with would be spent again."""
        begun, attempt = self.clock.monotonic(), 0
        while True:
            try:
                await self.spending.settle(asker.key, asker.payer, used)
            except StoreError as problem:
                attempt += 1
                if self.clock.monotonic() - begun > LONGEST_CHARGING:
                    log.warning("api.not_charged", cost=used.cost, detail=str(problem))
                    return
                await self.clock.sleep(backoff(attempt, 0.5, LONGEST_LOOK, 1.0))
            else:
                return

    def _measure(self, spec: ModelSpec, body: Mapping[str, Any]) -> Measure:
        return Measure(self.counter, spec, body)

    def _candidates(self, name: str, asker: Asker) -> Sequence[LanguageModel]:
        names = [name, *(other for other in self.fallback if other in asker.allowed)]
        return [self.models.get(other) for other in dict.fromkeys(names)]


@dataclass(slots=True)
class _Call:
    """answering: what there is of it, also when it has not begun; None where nothing came of it."""

    answering: Answering | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """How many tokens there are where a server does not say it."""

    counter: TokenCounter
    spec: ModelSpec
    body: Mapping[str, Any]

    def estimate(self, said: str) -> Usage:
        return Usage(prompt=self.prompt, completion=self._tokens(self.counter.count(said)))

    @property
    def prompt(self) -> int:
        total = self.counter.count(
            "".join(json.dumps(self.body[name], ensure_ascii=False) for name in _TOLD if self.body.get(name))
        )
        for message in self.body["messages"]:
            total += MESSAGE_FRAME + self.counter.count(words_in(message))
            for _ in pictures_in(message):
                total += IMAGE
        return self._tokens(total)

    def _tokens(self, counted: Tokens) -> int:
        return round(counted.of(self.spec.encoding) * self.spec.factor)


class Answering:
    """One answer, batch by batch, and what it used so far. What was broken off is billed all the same."""

    def __init__(self, spec: ModelSpec, measure: Measure) -> None:
        self.model = spec.id
        self.batches: AsyncIterator[list[Chunk]] | None = None
        self.withholding: Withholding | None = None
        self._price = spec.price
        self._measure = measure
        self._said: list[str] = []
        self._reported: Usage | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Chunk]:
        return await (self.withholding.next(self._read) if self.withholding else self._read())

    async def _read(self) -> list[Chunk]:
        if self.batches is None:
            raise StopAsyncIteration
        batch = await anext(self.batches)
        for chunk in batch:
            self._note(chunk)
        return batch

    @property
    def usage(self) -> Usage:
        """As the server reported it, else estimated; with its cost where a price is known."""
        usage = self._reported or self._measure.estimate("".join(self._said))
        return replace(usage, cost=self._price.of(usage)) if self._price and usage.cost is None else usage

    def _note(self, chunk: Chunk) -> None:
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._reported = read_usage(usage)
        for choice in chunk.get("choices") or ():
            self._said.append(words_in(choice.get("delta") or choice.get("message")))


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Also where the caller is cancelled; that comes after it."""
    working = asyncio.create_task(work)
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        raise

"""One answer from models that fail: retry, fall back, ask again after a cut, continue after a length limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

import structlog

from core.conversations.context import continued
from core.conversations.outages import Failing, Outages
from core.domain import NO_USAGE, Finish, ModelSpec, Prompt, Usage
from core.errors import (
    ContentRefused,
    LimitReached,
    MessageTooLong,
    ModelError,
    ModelGarbled,
    StoreError,
    WindowExceeded,
)
from core.limits.rates import Bucket, Rate, backoff, full, take
from core.ports import Chance, Clock, LanguageModel
from core.watching import UNWATCHED, Watch

log = structlog.get_logger(__name__)

CONTINUE = "Continue exactly where you stopped, in the middle of the sentence if need be. Repeat nothing."
LONGEST_BACKOFF = 20.0
"""Seconds between two attempts at most, unless the server asks for more."""
LONGEST_RETRY_AFTER = 60.0
"""Seconds a user is made to wait because a server said so; after that the next model is asked, or the user is told."""
RETRY_RATE = Rate(per_second=10.0, burst=50.0)
"""Retries per model, over all conversations: an ailing server is not buried under them."""
MOST_CUTS = 3
"""How often the context is cut further after the server found it too long."""
MOST_MISCOUNTED = 8
"""A prompt that is so many times shorter than the window is not too long, whatever the server says: our counts are not that
wrong, and a window learnt from it would hold for all conversations."""
MOST_CONTINUATIONS = 16

Prepare = Callable[[LanguageModel], Awaitable[Prompt]]
"""Fits the context to a model; raises MessageTooLong when the question alone does not fit."""
Admit = Callable[[ModelSpec, Prompt, Usage], AbstractAsyncContextManager[Prompt]]
"""Around one call of a model, after what was used so far: entered when it may be made, with the prompt as it may be sent.
Entering raises LimitReached when it may not."""


@dataclass(frozen=True, slots=True)
class AskingPolicy:
    """attempts: calls per model before the next one is tried. backoff: seconds after the first failure.
    max_tokens: an answer that stops for length is continued up to this many tokens."""

    attempts: int = 4
    backoff: float = 1.0
    max_tokens: int = 8000


class Retries:
    """How long a failed call waits before the next one; shared by all conversations."""

    def __init__(self, policy: AskingPolicy, clock: Clock, chance: Chance, watch: Watch = UNWATCHED) -> None:
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self._watch = watch
        self._buckets: dict[str, Bucket] = {}
        self._outages = Outages()
        self._failing = Failing()

    def answered(self, model: str) -> None:
        self._outages.answered(model)
        self._failing.answered(model)

    def gave_up(self, model: str, problem: ModelError) -> None:
        """Somebody asks *model* no more, because of the *problem*."""
        self._failing.gave_up(model, problem)

    async def pause(self, model: str, attempt: int, problem: ModelError) -> None:
        """Returns when *model* may be asked again; raises *problem* when it may not."""
        now = self._clock.monotonic()
        if problem.retryable:
            self._outages.failed(model, problem, now)
        waits_too_long = (problem.retry_after or 0) > LONGEST_RETRY_AFTER
        if not problem.retryable or attempt >= self._policy.attempts or waits_too_long:
            raise problem
        bucket, queue = take(self._buckets.get(model, full(RETRY_RATE, now)), RETRY_RATE, now)
        delay = backoff(attempt, self._policy.backoff, LONGEST_BACKOFF, self._chance.unit())
        if self._outages.lasts(model, now + max(delay, queue)):
            raise problem
        self._buckets[model] = bucket
        self._watch.asked_again(model, type(problem).__name__)
        await self._clock.sleep(max(delay, queue, problem.retry_after or 0))


class Asking:
    """Asks for one answer. `text`, `model`, `finish` and `usage` are what there is so far: whoever cancels `run`
    finds in them what had been written. calling: a call is under way whose usage is not among it; *before* it, that much
    of the text was there."""

    def __init__(self, policy: AskingPolicy, retries: Retries, show: Callable[[str], None], admit: Admit) -> None:
        self._policy = policy
        self._retries = retries
        self._show = show
        self._admit = admit
        self.text = ""
        self.before = ""
        self.model = ""
        self.prompt = Prompt(())
        self.finish = Finish.STOP
        self.usage: Usage = NO_USAGE
        self.calling = False

    async def run(self, candidates: Sequence[LanguageModel], prepare: Prepare) -> None:
        """Asks the candidates in turn until one has answered. Raises the first one's problem when none has: for one that
        only stands in, the question may be too long or the money too little, which is no news to who chose another."""
        first_problem: ModelError | None = None
        for model in candidates:
            try:
                await self._answer_from(model, prepare)
            except ContentRefused:
                raise
            except ModelError as problem:
                self._retries.gave_up(model.spec.id, problem)
                first_problem = first_problem or problem
            except (MessageTooLong, LimitReached) as problem:
                if first_problem is None:
                    raise
                log.info("model.passed_over", model=model.spec.id, error=type(problem).__name__)
            else:
                return
        raise first_problem or ModelError("no model is configured")

    async def _answer_from(self, model: LanguageModel, prepare: Prepare) -> None:
        await self._first_part(model, prepare)
        for _ in range(MOST_CONTINUATIONS):
            if self.finish is not Finish.LENGTH or self.usage.completion >= self._policy.max_tokens:
                return
            if not await self._next_part(model):
                return

    async def _first_part(self, model: LanguageModel, prepare: Prepare) -> None:
        cuts = 0
        while True:
            try:
                self.prompt = await prepare(model)
                return await self._persist(model, self.prompt, "")
            except WindowExceeded as problem:
                cuts += 1
                if cuts > MOST_CUTS or _is_short(problem, self.prompt, model.spec):
                    raise
                await model.learn_window(_window_behind(problem, self.prompt, model.spec))

    async def _next_part(self, model: LanguageModel) -> bool:
        """Continues; False when the model adds nothing. What is there already is an answer, so no failure is raised."""
        before = self.text
        try:
            await self._persist(model, continued(self.prompt, before, CONTINUE), before)
        except (ModelError, LimitReached, StoreError) as problem:
            log.warning("model.not_continued", model=model.spec.id, error=type(problem).__name__, detail=str(problem))
            self.text, self.finish, self.calling = before, Finish.LENGTH, False
            return False
        return len(self.text) > len(before)

    async def _persist(self, model: LanguageModel, prompt: Prompt, before: str) -> None:
        attempt = 0
        while True:
            attempt += 1
            try:
                await self._write(model, prompt, before)
            except ModelError as problem:
                log.info("model.not_answered", model=model.spec.id, attempt=attempt, error=type(problem).__name__)
                await self._retries.pause(model.spec.id, attempt, problem)
            else:
                return self._retries.answered(model.spec.id)

    async def _write(self, model: LanguageModel, prompt: Prompt, before: str) -> None:
        """One call. What it writes replaces what an earlier, failed one had shown."""
        text = before
        async with (
            self._admit(model.spec, prompt, self.usage) as admitted,
            model.stream(_counted(admitted, before)) as deltas,
        ):
            self.model, self.before, self.calling = model.spec.id, before, True
            async for piece in deltas:
                text += piece
                self.text = text
                self._show(text)
        if not text:
            raise ModelGarbled("an empty answer")
        self.finish = deltas.finish
        self.usage = self.usage + deltas.usage
        self.calling = False


def _counted(prompt: Prompt, before: str) -> Prompt:
    """With its tokens, where they are known: nobody has counted what the model itself wrote *before*, and from a count that
    lacks it a wrong one would be learnt."""
    return replace(prompt, tokens=0) if before else prompt


def _is_short(problem: WindowExceeded, prompt: Prompt, spec: ModelSpec) -> bool:
    """Whether the server contradicts what is known beyond what counting differently explains, and names no smaller
    window: one that it names also has to hold what is reserved for the answer."""
    names_smaller = problem.limit is not None and problem.limit < spec.window
    return not names_smaller and prompt.tokens * MOST_MISCOUNTED < spec.window


def _window_behind(problem: WindowExceeded, prompt: Prompt, spec: ModelSpec) -> int:
    """The window the server seems to have: what it said, or no more than the prompt it refused, of which the share that
    is reserved for the answer is then saved."""
    said = problem.limit or spec.window
    return said if said < spec.window else min(spec.window - 1, max(1, prompt.tokens))

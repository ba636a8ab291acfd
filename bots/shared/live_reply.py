"""One answer on a surface, growing while it is written."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from types import TracebackType
from typing import Any, Self

import structlog

from bots.shared.controls import Controls
from bots.shared.pacing import Pacer, Permit, Priority
from bots.shared.split import split
from bots.shared.surface import (
    Control,
    Deed,
    File,
    MessageGone,
    Page,
    Previews,
    Route,
    Slip,
    Surface,
    SurfaceRefused,
)
from core.conversations.reports import shown_text
from core.domain import Answer, Ref, Turn
from core.errors import ChatError, ParlourError, StoreError, SurfaceClosed, SurfaceUnavailable
from core.limits.rates import backoff
from core.ports import Claim, Clock
from core.tasks import cancelled
from core.wording import Sentence, say

log = structlog.get_logger(__name__)

PATIENCE = 15.0
"""Seconds that last words wait in their place for a platform that refuses them. A longer refusal is the worker's to sit
out: the answer is kept, and the worker's place is free for another turn meanwhile."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
"""Seconds between two attempts where the platform does not say how long to wait."""
LEISURE = 15.0
"""Seconds between two numbers in line that a message shows: what is written of them is not there for the answer."""
TYPING_AFTER = 0.5
"""Seconds after which an answer without words is announced; most models begin sooner."""
FILE_NAME = "answer.md"

Layout = Callable[[str], Sequence[str]]
"""The texts of the messages that show an answer's text. Messages that are full must not change while the text grows."""


@dataclass(frozen=True, slots=True)
class Means:
    """What all replies of a bot share. layout: None splits the text as it is at the surface's limit."""

    pacer: Pacer[Any]
    clock: Clock
    controls: Controls
    layout: Layout | None = None


@dataclass(slots=True)
class _Shown:
    """A message that is there. page: what it shows; None when that is not known."""

    ref: Ref
    page: Page | None


@dataclass(frozen=True, slots=True)
class _Step:
    """The next thing to do, to the message number *index*."""

    deed: Deed
    index: int = 0


class LiveReply:
    """``async with LiveReply(…) as reply``: a `Reply` over a `Surface`.

    One painter task alone writes. What it writes next is the first difference between the messages wanted and the
    messages there, looked for after the wait for a permit; so drafts are latest wins, and a turn that was interrupted
    goes on in the messages of `turn.shown`. Where there are *previews*, the words that are being written are one until
    their message is full or whole.
    """

    def __init__(
        self, surface: Surface, turn: Turn, claim: Claim, means: Means, previews: Previews | None = None
    ) -> None:
        self._surface = surface
        self._turn = turn
        self._claim = claim
        self._means = means
        self._layout = means.layout or partial(split, limit=surface.limits.length, measure=surface.limits.measure)
        self._shown = [_Shown(ref, None) for ref in turn.shown]
        self._posts = len(turn.shown)
        self._sought = turn.attempt == 1 and not turn.shown
        self._pages: Sequence[Page] = ()
        self._draft, self._place, self._placed = "", "", -math.inf
        self._laid_out: tuple[str, int] | None = None
        self._ending = asyncio.Event()
        self._fresh = asyncio.Event()
        self._hushed = False
        self._failures = 0
        self._patience = PATIENCE
        self._permit: Permit | None = None
        self._previews = previews
        self._previewed: Page | None = None
        self._posting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._painter = self._start(self._paint(), "painter")
        self._typist = self._start(self._type(), "typist")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A message that is being posted is waited for: it must not be there without being remembered."""
        tasks = [self._painter, self._typist]
        for task in tasks:
            task.cancel()
        if self._posting:
            tasks.append(self._posting)
        await asyncio.gather(*tasks, return_exceptions=True)

    def draft(self, text: str) -> None:
        if not self._ending.is_set():
            self._draft = text
            self._fresh.set()
            if self._place and self._permit:
                self._permit.hasten(Priority.FIRST)
            self._place = ""

    def wait(self, place: int) -> bool:
        now = self._means.clock.monotonic()
        is_due = now >= self._placed + (0.0 if self._previews else LEISURE)
        if is_due and not self._draft and not self._ending.is_set():
            self._place, self._placed = self._say(Sentence.WAITING, place=place), now
            self._fresh.set()
        return is_due

    async def finish(self, answer: Answer) -> None:
        """Raises SurfaceUnavailable when the platform refuses for longer than `PATIENCE`, and SurfaceRefused."""
        controls = await self._means.controls.answered(self._turn, answer)
        text = shown_text(answer, self._turn.incoming.sender.language)
        await self._end(self._final_pages(text), controls)

    async def fail(self, problem: ChatError) -> None:
        """As `finish`; the sentence replaces what was shown."""
        sentence = self._say(problem.sentence, **problem.values)
        controls = await self._means.controls.failed(self._turn)
        await self._end([Page(text, ours=True) for text in self._texts(sentence)], controls)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return asyncio.create_task(work, name=f"{name} {self._turn.id}")

    async def _end(self, pages: Sequence[Page], controls: tuple[Control, ...]) -> None:
        self._pages = _ended_by(controls, pages)
        self._patience = PATIENCE
        self._ending.set()
        self._fresh.set()
        if self._permit:
            await self._hasten(self._permit)
        if self._painter.done() and (self._painter.cancelled() or self._painter.exception() is None):
            self._painter = self._start(self._paint(), "painter")
        await self._painter

    async def _hasten(self, permit: Permit) -> None:
        """What waited to be written is written at once; a preview is not needed any more."""
        if self._previews and permit.route == self._surface.route(Deed.PREVIEW):
            await cancelled(self._painter)
        else:
            permit.hasten(Priority.FINAL)

    async def _paint(self) -> None:
        """What goes wrong in a draft ends the drafts only: the end is tried anew."""
        try:
            while step := await self._next():
                await self._attempt(step.deed)
        except ParlourError as problem:
            if self._ending.is_set():
                raise
            log.warning("reply.draft_failed", turn=self._turn.id, error=type(problem).__name__, detail=str(problem))

    async def _next(self) -> _Step | None:
        """Waits for something to do; None when all of the final text is there."""
        while (step := self._step()) is None and not self._ending.is_set():
            try:
                async with self._means.clock.watchdog(self._previews.lasts if self._previews else None):
                    await self._fresh.wait()
            except TimeoutError:
                self._previewed = None
            self._fresh.clear()
        return step

    def _step(self) -> _Step | None:
        """The first difference between what is wanted and what is there."""
        self._lay_out_draft()
        if not self._pages or (self._hushed and not self._ending.is_set()):
            return None
        if not self._sought:
            return _Step(Deed.FIND)
        for index, page in enumerate(self._pages):
            if index == len(self._shown):
                return self._new(index)
            if self._shown[index].page != page:
                return _Step(Deed.EDIT, index)
        # A draft may be shorter for a while than what an earlier attempt wrote; only the end says what is too much.
        surplus = len(self._shown) > len(self._pages) and self._ending.is_set()
        return _Step(Deed.DELETE, len(self._shown) - 1) if surplus else None

    def _new(self, index: int) -> _Step | None:
        """For the page that has no message yet."""
        growing = self._previews and not self._ending.is_set() and index == len(self._pages) - 1
        if not growing:
            return _Step(Deed.POST, index)
        return None if self._previewed == self._pages[index] else _Step(Deed.PREVIEW, index)

    async def _attempt(self, deed: Deed) -> None:
        route = self._surface.route(deed)
        self._permit = self._means.pacer.permit(route, self._priority(deed))
        try:
            async with self._permit:
                self._permit = None
                await self._do(deed)
            self._failures = 0
        except SurfaceUnavailable as problem:
            self._failures += 1
            self._means.pacer.on_refusal()
            self._leave_alone(route, problem)
            await self._sit_out(problem)

    def _leave_alone(self, route: Route, problem: SurfaceUnavailable) -> None:
        if problem.retry_after:
            self._means.pacer.penalise(route.chat, problem.retry_after)

    async def _do(self, deed: Deed) -> None:
        """The next step, if it is still such a *deed*: while the permit was waited for, the text went on."""
        step = self._step()
        if step is None or step.deed is not deed:
            return
        self._claim.check()
        match deed:
            case Deed.FIND:
                await self._find()
            case Deed.POST:
                self._posting = self._start(self._post(self._pages[step.index]), "posting")
                await asyncio.shield(self._posting)
            case Deed.PREVIEW:
                await self._preview(self._pages[step.index])
            case Deed.EDIT:
                await self._edit(step.index, self._pages[step.index])
            case Deed.DELETE:
                await self._delete(step.index)

    async def _find(self) -> None:
        """Takes over the message that may be there without being remembered: somebody was killed right after posting
        it, or the response was lost. The answer may have become too short to need it."""
        if ref := await self._surface.find(self._nonce()):
            await self._remember(ref, None)
        self._sought = True

    async def _post(self, page: Page) -> None:
        slip = Slip(self._nonce(), None if self._shown else self._turn.incoming.ref)
        self._sought = False  # whether it is there is not known until the platform has answered
        try:
            posted = await self._surface.post(page, slip)
        except MessageGone:  # it had been there, and somebody deleted it
            self._posts += 1
            self._hushed = True
        else:
            await self._remember_posted(posted.ref, page if posted.as_given else None)
        self._sought = True

    async def _remember_posted(self, ref: Ref, page: Page | None) -> None:
        try:
            await self._remember(ref, page)
        except StoreError:
            with suppress(MessageGone, SurfaceUnavailable, SurfaceRefused, SurfaceClosed):
                if await self._surface.find(self._nonce()) is None:  # nor would whoever answers this later find it
                    await self._surface.delete(ref)
            raise

    async def _preview(self, page: Page) -> None:
        assert self._previews is not None  # noqa: S101  # for the type: `_new`
        try:
            await self._previews.show(page, self._nonce())
        except SurfaceRefused as problem:
            log.info("reply.no_previews", turn=self._turn.id, detail=str(problem))
            self._previews = None
        else:
            self._previewed = page

    async def _remember(self, ref: Ref, page: Page | None) -> None:
        """It may be known: after a message that was deleted unheard of, a new process counts one nonce too few."""
        if all(shown.ref != ref for shown in self._shown):
            await self._claim.remember(ref)
            self._shown.append(_Shown(ref, page))
        self._posts += 1

    async def _edit(self, index: int, page: Page) -> None:
        shown = self._shown[index]
        shown.page = None  # not known until the platform has answered
        try:
            await self._surface.edit(shown.ref, page)
        except MessageGone:
            # What follows moves up, so that the order stays. Who deletes what we write is not written to again
            # before the end.
            self._shown.remove(shown)
            self._hushed = True
        else:
            shown.page = page

    async def _delete(self, index: int) -> None:
        ref = self._shown[index].ref
        with suppress(MessageGone):
            await self._surface.delete(ref)
        await self._claim.forget(ref)
        del self._shown[index]

    async def _sit_out(self, problem: SurfaceUnavailable) -> None:
        pause = problem.retry_after or backoff(self._failures, FIRST_PAUSE, LONGEST_PAUSE, 1.0)
        if not self._ending.is_set():
            with suppress(TimeoutError):
                async with self._means.clock.watchdog(pause):
                    await self._ending.wait()
        elif pause > self._patience:
            raise problem
        else:
            self._patience -= pause
            await self._means.clock.sleep(pause)

    async def _type(self) -> None:
        """Says that an answer is coming, until its first words do."""
        route = self._surface.route(Deed.TYPING)
        await self._means.clock.sleep(TYPING_AFTER)
        while self._surface.limits.typing and not self._begun:
            try:
                async with self._means.pacer.permit(route, Priority.TYPING):
                    self._claim.check()
                    if not self._begun:
                        await self._surface.typing()
            except SurfaceUnavailable as problem:
                self._leave_alone(route, problem)
            await self._means.clock.sleep(self._surface.limits.typing)

    @property
    def _begun(self) -> bool:
        return self._fresh.is_set() or bool(self._pages) or self._ending.is_set()

    def _priority(self, deed: Deed) -> Priority:
        if self._ending.is_set():
            return Priority.FINAL
        if self._place:
            return Priority.TYPING
        again = deed is Deed.EDIT or (deed is Deed.PREVIEW and self._previewed is not None)
        return Priority.DRAFT if again else Priority.FIRST

    def _nonce(self) -> str:
        """Names the next new message of this turn, in whatever process."""
        return blake2b(f"{self._turn.id}/{self._posts}".encode(), digest_size=12).hexdigest()

    def _lay_out_draft(self) -> None:
        """Up to the first message that is not there yet, which is thus posted with the controls that belong to the last:
        by them it is known for ours, should nobody hear that it was posted."""
        wanted = (self._draft or self._place, len(self._shown))
        if wanted != self._laid_out and not self._ending.is_set():
            texts = self._texts(wanted[0])[: self._surface.limits.messages]
            texts = texts if self._previews else texts[: len(self._shown) + 1]
            pages = [Page(text, ours=bool(self._place)) for text in texts]
            self._pages = _ended_by(self._means.controls.writing(self._turn), pages)
            self._laid_out = wanted

    def _final_pages(self, text: str) -> Sequence[Page]:
        texts = self._texts(text)
        if not texts:
            return [Page(self._say(Sentence.MODEL_GARBLED), ours=True)]
        if len(texts) <= (self._surface.limits.messages or math.inf):
            return [Page(part) for part in texts]
        file = File(FILE_NAME, text.encode())
        return [Page(texts[0]), Page(self._say(Sentence.ANSWER_IN_FILE), file=file, ours=True)]

    def _texts(self, text: str) -> Sequence[str]:
        """No platform takes a blank message."""
        return [part for part in self._layout(text) if part.strip()]

    def _say(self, sentence: Sentence, **values: object) -> str:
        return say(sentence, self._turn.incoming.sender.language, **values)


def _ended_by(controls: tuple[Control, ...], pages: Sequence[Page]) -> Sequence[Page]:
    """*controls* stand under the last page."""
    return [*pages[:-1], replace(pages[-1], controls=controls)] if pages else ()

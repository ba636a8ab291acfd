"""How long people wait for an answer, measured where it becomes visible."""

from __future__ import annotations

from core.domain import Answer
from core.errors import ChatError
from core.ports import Clock, Reply
from core.tracing import Step
from core.watching import Phase, Watch


class TimedReply:
    """A reply that tells *watch* when its first word came, when all of it was kept and when it was shown, counted from
    now. An answer that was kept by an earlier attempt has no first word and is not timed as one that was written."""

    def __init__(self, reply: Reply, lane: str, clock: Clock, watch: Watch) -> None:
        self._reply = reply
        self._lane = lane
        self._clock = clock
        self._watch = watch
        self._since = clock.monotonic()
        self._begun = False

    def draft(self, text: str) -> None:
        if not self._begun:
            self._begun = True
            self._tell(Phase.FIRST_WORD, self._since)
        self._reply.draft(text)

    def wait(self, place: int) -> bool:
        return self._reply.wait(place)

    async def finish(self, answer: Answer) -> None:
        kept = self._clock.monotonic()
        if self._begun:
            self._tell(Phase.WRITTEN, self._since)
        with self._watch.step(Step.SHOW):
            await self._reply.finish(answer)
        self._tell(Phase.SHOWN, kept)

    async def fail(self, problem: ChatError) -> None:
        await self._reply.fail(problem)

    def _tell(self, phase: Phase, since: float) -> None:
        self._watch.waited(self._lane, phase, self._clock.monotonic() - since)

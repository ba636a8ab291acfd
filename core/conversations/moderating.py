"""Whether something may be said or shown, as a moderation service finds; and what is done where it cannot be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import structlog

from core.conversations.asking import AskingPolicy, Retries
from core.domain import Incoming, Message
from core.domain_moderation import Reason, Verdict
from core.errors import (
    AnswerFlagged,
    ContentRefused,
    Flagged,
    ModelError,
    ModelStalled,
    ModelUnknown,
    NotModerated,
    PictureNotModerated,
    QuestionFlagged,
    RequestRefused,
    WindowExceeded,
)
from core.ports import Chance, Clock
from core.ports_moderation import LONGEST_PIECE, MOST_PIECES, Moderator
from core.tracing import Step
from core.watching import UNWATCHED, Checked, Subject, Watch
from core.wording import Sentence

log = structlog.get_logger(__name__)

OVERLAP = 200
"""Characters that a piece has in common with the one before it, so that no sentence is judged by its halves alone."""
ATTEMPTS = 3
FIRST_PAUSE = 0.5
"""Seconds before the second attempt, doubling from there."""
REST = 30.0
"""Seconds in which a service that is away is not asked again, where everything is let through meanwhile: nobody waits for
what makes no difference."""
MODERATION = "moderation"
"""By which repeated checks are counted, as those of a model are by its name."""
_OF_THE_TEXT = (RequestRefused, ContentRefused, WindowExceeded)
"""What a service may say of one text: it is not away, and the next text is checked."""
_OF_THE_PICTURE = (*_OF_THE_TEXT, ModelUnknown)
"""And of one picture; the last is how some say that their model reads none."""


class _PictureRefused(RequestRefused):
    """The service reads no pictures, or not this one."""


_FLAGGED: dict[Subject, type[Flagged]] = {Subject.QUESTION: QuestionFlagged, Subject.ANSWER: AnswerFlagged}
_WORDS = {reason: Sentence(f"reason_{reason.value}") for reason in Reason}


@dataclass(frozen=True, slots=True)
class ModerationPolicy:
    """questions, answers: what is checked. refuses: what cannot be checked is refused; else it is let through.
    timeout: seconds for the check of one text, repetitions included; of a long one for each of its parts, and for each
    picture."""

    questions: bool = False
    answers: bool = False
    refuses: bool = True
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Bench:
    """Who judges, and by which rules. moderator: None where nothing is checked. name: the service's, for people."""

    moderator: Moderator | None = None
    policy: ModerationPolicy = field(default_factory=ModerationPolicy)
    name: str = ""


class Moderation:
    """Checks what people ask and what models answer, as far as the operator wants it. One for all conversations."""

    def __init__(self, clock: Clock, chance: Chance, watch: Watch = UNWATCHED, bench: Bench | None = None) -> None:
        self._clock = clock
        self._watch = watch
        self._retries = Retries(AskingPolicy(ATTEMPTS, FIRST_PAUSE), clock, chance, watch)
        self._rests_until = 0.0
        self._away = False
        self.configure(bench or Bench())

    def configure(self, bench: Bench) -> None:
        """This, from the next check on."""
        self._moderator = bench.moderator
        self._policy = bench.policy
        self._name = bench.name

    @property
    def checks_questions(self) -> bool:
        return self._moderator is not None and self._policy.questions

    @property
    def checks_answers(self) -> bool:
        return self._moderator is not None and self._policy.answers

    @property
    def service(self) -> str:
        """Who gets to see what is said here, to check it; "" for nobody."""
        return self._name if self.checks_questions or self.checks_answers else ""

    async def question(self, incoming: Incoming, question: Message) -> Incoming:
        """*incoming* as it may go to a model with its *question*: without what was overheard, if that is refused, for
        whoever asks has not said it. Raises QuestionFlagged, for what was shown with the question too, and
        NotModerated."""
        if not self.checks_questions:
            return incoming
        await self.check(Subject.QUESTION, "\n\n".join(filter(None, (question.background, question.text))))
        try:
            await self.check(Subject.QUESTION, incoming.overheard)
        except QuestionFlagged:
            return replace(incoming, overheard="")
        return incoming

    async def check(self, subject: Subject, text: str, pictures: Sequence[str] = ()) -> None:
        """Returns when it may be said, and the *pictures* at those addresses shown. Raises Flagged and NotModerated."""
        moderator, policy, since = self._moderator, self._policy, self._clock.monotonic()
        if moderator is None or not (text.strip() or pictures):
            return
        if not policy.refuses and since < self._rests_until:
            self._watch.moderated(subject, Checked.NOT, 0.0)
            return
        self._rests_until = since + REST if self._away else 0.0  # one asks whether it is back, the others go on
        try:
            with self._watch.step(Step.MODERATE):
                verdict = await self._judged(moderator, policy, inquiries(text, pictures))
        except ModelError as problem:
            self._watch.moderated(subject, Checked.NOT, self._clock.monotonic() - since)
            self._note(problem)
            if policy.refuses:
                refusal = PictureNotModerated if isinstance(problem, _PictureRefused) else NotModerated
                raise refusal(problem.detail) from problem
            return
        checked = Checked.PASSED if verdict.reason is None else Checked.REFUSED
        self._watch.moderated(subject, checked, self._clock.monotonic() - since)
        if verdict.reason is not None:
            raise _FLAGGED[subject](verdict.detail, reason=_WORDS[verdict.reason])

    async def _judged(self, moderator: Moderator, policy: ModerationPolicy, asked: Iterable[Inquiry]) -> Verdict:
        """Of all that is *asked*, or of the first in which something is found. What was said with a picture that the service
        refuses is checked without it, and so is all the rest. Raises ModelError."""
        verdict, unread = Verdict(), None
        for inquiry in asked:
            try:
                verdict = await self._in_time(moderator, policy, inquiry)
            except _OF_THE_PICTURE as problem:
                if not inquiry.picture:
                    raise
                unread = problem
                verdict = await self._in_time(moderator, policy, Inquiry(inquiry.texts)) if inquiry.texts else Verdict()
            if verdict.reason is not None:
                break
        if unread and verdict.reason is None:
            raise _PictureRefused(unread.detail) from unread
        self._note(None)
        return verdict

    async def _in_time(self, moderator: Moderator, policy: ModerationPolicy, inquiry: Inquiry) -> Verdict:
        try:
            async with self._clock.watchdog(policy.timeout):
                return await self._persist(moderator, inquiry)
        except TimeoutError:
            raise ModelStalled(f"no verdict within {policy.timeout:g} s") from None

    async def _persist(self, moderator: Moderator, inquiry: Inquiry) -> Verdict:
        attempt = 0
        while True:
            attempt += 1
            try:
                verdict = await moderator.check(inquiry.texts, inquiry.picture)
            except ModelError as problem:
                await self._retries.pause(MODERATION, attempt, problem)
            else:
                self._retries.answered(MODERATION)
                return verdict

    def _note(self, problem: ModelError | None) -> None:
        """One line of the log for each time that the service is away, and for each text that it will not read."""
        if problem is None:
            if self._away:
                log.info("moderation.back")
            self._away = False
            return
        of_the_text = isinstance(problem, _OF_THE_TEXT)
        if of_the_text or not self._away:
            lets = "refused" if self._policy.refuses else "let through"
            log.warning("moderation.failed", error=type(problem).__name__, detail=problem.detail, unchecked=lets)
        if not of_the_text:
            self._away, self._rests_until = True, self._clock.monotonic() + REST


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a service is asked at once. picture: its address; "" for none."""

    texts: tuple[str, ...] = ()
    picture: str = ""


def inquiries(text: str, pictures: Sequence[str]) -> Iterator[Inquiry]:
    """About *text* and *pictures*. The first picture goes with a text that is not too long for it: together they may mean
    more."""
    texts = list(parts_of(text)) if text.strip() else []
    first, *others = pictures or ("",)
    if first and len(texts) == 1 and len(texts[0]) == 1:
        yield Inquiry(texts.pop(), first)
    elif first:
        others = [first, *others]
    yield from map(Inquiry, texts)
    yield from (Inquiry(picture=picture) for picture in others)


def parts_of(text: str) -> Iterator[tuple[str, ...]]:
    """*text*, in as many pieces at a time as one request may have, each overlapping the one before it."""
    step = LONGEST_PIECE - OVERLAP
    pieces = [text[start : start + LONGEST_PIECE] for start in range(0, max(1, len(text) - OVERLAP), step)]
    for first in range(0, len(pieces), MOST_PIECES):
        yield tuple(pieces[first : first + MOST_PIECES])

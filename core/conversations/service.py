"""One turn, from the question to the kept and shown answer. Read this first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from core.clock import SteadyTime
from core.conversations.admitting import Admission
from core.conversations.asking import Asking, AskingPolicy, Retries
from core.conversations.choosing import Choosing, Chosen
from core.conversations.cleaning import clean, tidy
from core.conversations.context import (
    MESSAGE_FRAME,
    ContextReport,
    Room,
    fit,
    prompt_of,
    rendered,
    room_for,
    used_by,
)
from core.conversations.exchanging import Books
from core.conversations.moderating import Moderation
from core.conversations.personas import Persona, Personas
from core.conversations.queueing import Queueing
from core.conversations.showing import showing
from core.conversations.tallying import UNCOUNTED, Counting
from core.domain import (
    Answer,
    ConversationId,
    Exchange,
    Finish,
    Incoming,
    Message,
    MessageId,
    Part,
    Prompt,
    Role,
    TextPart,
    Tokens,
    Turn,
    TurnId,
    Usage,
    question_id,
    text_of,
)
from core.errors import (
    AnswerFlagged,
    ChatError,
    MessageTooLong,
    MessageTooOld,
    NotModerated,
    QuestionGone,
    Stopped,
    StoreError,
)
from core.limits.allowances import payer_of
from core.limits.lines import NO_LINES, Lines
from core.limits.rates import backoff
from core.ports import (
    Budgets,
    Chance,
    Clock,
    History,
    LanguageModel,
    Models,
    Outcome,
    Reply,
    TokenCounter,
    Watchdog,
)
from core.tracing import Step
from core.watching import UNWATCHED, Watch

log = structlog.get_logger(__name__)

LONGEST_KEEPING = 5.0
"""Seconds between two attempts to keep an answer, at most."""
EVERYTHING = 1 << 62
"""A window no branch is longer than."""


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """context_tokens: the prompt at most. keep: the share of the budget that a cut leaves. max_age: seconds after which
    a message is apologised for instead of answered. fallback: models to ask, in order, when the chosen one fails."""

    context_tokens: int = 16_000
    keep: float = 0.5
    max_age: float = 3600.0
    fallback: tuple[str, ...] = ()
    asking: AskingPolicy = field(default_factory=AskingPolicy)


@dataclass(frozen=True, slots=True)
class World:
    """What a conversation needs of the world. moderation: None where nothing is ever checked."""

    history: History
    budgets: Budgets
    models: Models
    counter: TokenCounter
    clock: Clock
    chance: Chance
    admission: Admission
    watch: Watch = UNWATCHED
    lines: Lines = NO_LINES
    moderation: Moderation | None = None
    tally: Counting = UNCOUNTED


class Conversations:
    """Answers turns; holds nothing between them but who can be stopped."""

    def __init__(self, world: World, personas: Personas, settings: ConversationSettings) -> None:
        self._world = world
        self._history = world.history
        self._budgets = world.budgets
        self._personas = personas
        self._choosing = Choosing(world.models, world.budgets, world.admission)
        self._books = Books(world.models, world.counter, world.clock)
        self._moderation = world.moderation or Moderation(world.clock, world.chance, world.watch)
        self._running: dict[TurnId, Watchdog] = {}
        self._time = SteadyTime(world.clock)
        self.configure(settings)

    def configure(self, settings: ConversationSettings) -> None:
        """These, from the next turn on."""
        world = self._world
        self._settings = settings
        self._retries = Retries(settings.asking, world.clock, world.chance, world.watch)

    async def answer(self, turn: Turn, reply: Reply) -> Outcome:
        """Answers *turn* once, however often it is tried.

        Raises LeaseLost, StoreError or SurfaceUnavailable when it could not; trying again later is then right.
        """
        answer = await self._history.answer_to(turn)
        if answer is None:
            try:
                await self._admit(turn)
                wanted = turn.incoming.show
                answer = await (self._choose(turn, wanted) if wanted else self._write(turn, reply))
            except ChatError as problem:
                log.info("turn.failed", error=type(problem).__name__, detail=problem.detail)
                self._world.watch.failed(type(problem).__name__)
                await self._budgets.refund(turn)
                await reply.fail(problem)
                await self._world.tally.failed(payer_of(turn.incoming), problem)
                return Outcome.FAILED
        else:
            await self._budgets.settle(turn, answer.usage)  # whoever kept it may not have come to that
        await reply.finish(answer)
        if turn.incoming.show is None:
            await self._world.tally.answered(payer_of(turn.incoming), answer.model, answer.usage)
        return Outcome.ANSWERED

    async def outcome(self, turn: Turn) -> Outcome:
        """How a turn ends that can be shown nowhere: what is kept is answered, and not to be asked again. Raises
        StoreError."""
        return Outcome.ANSWERED if await self._history.answer_to(turn) else Outcome.FAILED

    @property
    def checked_by(self) -> str:
        """The moderation service that gets to see what is said here; "" for none."""
        return self._moderation.service

    def stop(self, turn: TurnId) -> None:
        """Ends the model's scope; the text so far becomes the answer. Nothing happens when it is not running here."""
        if scope := self._running.get(turn):
            scope.bite()

    async def context(self, conversation: ConversationId, model: str) -> ContextReport:
        """What that model would see if something were asked now."""
        state = await self._history.conversation(conversation)
        asked = self._world.models.get(model)
        persona = self._personas.get(state.persona)
        instructions = self._world.counter.count(persona.prompt)
        room = self._room(asked, instructions)
        encoding = asked.spec.encoding
        path = await self._history.path(conversation, state.head, encoding, EVERYTHING)
        kept = fit(path, 0, room, self._settings.keep)
        cut = path[: len(path) - len(kept)]
        persona_tokens = room.tokens(instructions.of(encoding))
        return ContextReport(
            model=asked.spec.id,
            exact=asked.spec.exact,
            persona=persona.name,
            persona_tokens=persona_tokens,
            kept=tuple((message, room.tokens(message.own.of(encoding))) for message in kept),
            cut_messages=len(cut),
            cut_tokens=room.tokens(used_by(cut, encoding)),
            used=persona_tokens + room.tokens(used_by(kept, encoding)),
            budget=persona_tokens + room.limit,
        )

    async def _admit(self, turn: Turn) -> None:
        incoming = turn.incoming
        await self._world.admission.admit(incoming)
        if incoming.show:
            return  # nothing is asked, so it is never too late
        fresh = turn.attempt == 1 and not turn.requeued  # what an operator put back is wanted, however old it is
        now = min(self._world.clock.now(), self._time.now())  # a clock that was set forward makes nothing old
        if fresh and now - incoming.sent_at > self._settings.max_age:
            raise MessageTooOld
        if turn.stop_requested:
            raise Stopped

    async def _choose(self, turn: Turn, wanted: MessageId) -> Answer:
        """The kept answer *wanted*, to be shown and gone on from. No model is asked and nothing is charged. Raises
        QuestionGone."""
        kept = await self._history.message(turn.incoming.conversation, wanted)
        if kept is None:
            raise QuestionGone
        await self._history.choose(turn, kept)
        return answer_of(kept)

    async def _write(self, turn: Turn, reply: Reply) -> Answer:
        """The model's answer, kept. Raises ChatError."""
        with self._world.watch.step(Step.ADMIT):
            await self._budgets.admit(turn)
        choice = await self._choosing.choose(turn, self._settings.fallback)
        turn = replace(turn, conversation=replace(turn.conversation, model=choice.model))
        exchange = await self._ask(turn, choice, reply)
        with self._world.watch.step(Step.KEEP):
            await self._keep(turn, exchange)
        answer = answer_of(exchange.answer)
        log.info("turn.kept", question=text_of(turn.incoming.parts), answer=answer.text, **told(answer))
        self._world.watch.asked(answer.model, answer.usage)
        await self._budgets.settle(turn, answer.usage)
        return choice.noted(answer)

    async def _ask(self, turn: Turn, choice: Chosen, reply: Reply) -> Exchange:
        """What is to be kept: the question and the model's answer to it. Raises ChatError."""
        with self._world.watch.step(Step.RECALL):
            brief = await self._brief(turn)
        shown = showing(self._moderation, reply.draft, self._world.clock)
        queueing = Queueing(
            self._world.admission, self._budgets, self._world.lines, turn, reply.wait, self._world.watch
        )
        asking = Asking(self._policy(turn), self._retries, shown.draft, queueing)
        stopped = False
        scope = self._running[turn.id] = self._world.clock.watchdog(None)
        try:
            async with scope:
                incoming = await self._moderation.question(turn.incoming, brief.question)
                brief = replace(brief, turn=replace(turn, incoming=incoming))
                writing = asking.run(choice.candidates, partial(self._prepare, brief))
                await shown.write(writing, lambda: asking.text)
        except TimeoutError:
            if not scope.expired:
                raise
            stopped = True
        except (AnswerFlagged, NotModerated):
            await self._charge(turn, asking)
            raise
        finally:
            if self._running.get(turn.id) is scope:  # a process that was paused may have claimed the turn anew
                del self._running[turn.id]
        text = shown.seen(asking.text) if stopped else asking.text
        if not text.strip():  # some models begin with an empty line
            await self._charge(turn, asking)
            raise Stopped
        return self._books.exchange(turn, brief.question, asking, text, stopped=stopped)

    def _policy(self, turn: Turn) -> AskingPolicy:
        """An answer whose length was asked for is not continued."""
        policy = self._settings.asking
        return replace(policy, max_tokens=0) if "max_tokens" in turn.incoming.sampling else policy

    async def _brief(self, turn: Turn) -> Brief:
        """Everything needed to put the turn's question to a model, read in one round trip."""
        persona = self._personas.get(turn.conversation.persona)
        instructions = self._world.counter.count(persona.prompt)
        room = self._room(self._world.models.get(turn.conversation.model), instructions)
        path = await recall(self._history, turn.conversation.id, turn.parent, room)
        if turn.incoming.again is None:
            question = self._question(turn, path[-1] if path else None)
        elif path:
            *earlier, question = path
            path = tuple(earlier)
        else:
            raise QuestionGone
        return Brief(turn, question, persona, instructions, room, path)

    def _question(self, turn: Turn, parent: Message | None) -> Message:
        """The incoming message, with the place it will have in the history."""
        incoming = turn.incoming
        parts = content_of(incoming)
        own = MESSAGE_FRAME + self._world.counter.count(rendered(incoming.author, text_of(parts)))
        return Message(
            id=question_id(turn.id),
            parent=parent.id if parent else None,
            role=Role.USER,
            parts=parts,
            at=incoming.sent_at,
            own=own,
            total=(parent.total if parent else Tokens()) + own,
            author=incoming.author,
            sender=incoming.sender.id,
            background=tidy(incoming.background),
            quoted=incoming.quoted if incoming.background else (),
        )

    async def _prepare(self, brief: Brief, model: LanguageModel) -> Prompt:
        """Fits the context to *model*. Raises MessageTooLong when the question alone does not fit."""
        room = self._room(model, brief.instructions)
        encoding = model.spec.encoding
        background = self._background(brief, room)
        asked = brief.question.own.of(encoding) + self._world.counter.count(background).of(encoding)
        if asked > room.budget:
            tokens = room.tokens(asked)
            raise MessageTooLong(tokens=tokens, limit=room.limit, over=max(1, tokens - room.limit))
        path = brief.path
        if room != brief.room:
            path = await recall(self._history, brief.turn.conversation.id, brief.question.parent, room)
        kept = fit(path, asked, room, self._settings.keep)
        counted = used_by(kept, encoding) + asked + brief.instructions.of(encoding)
        prompt = prompt_of(brief.persona.prompt, kept, brief.question, background)
        return replace(prompt, tokens=room.tokens(counted), sampling=brief.turn.incoming.sampling)

    def _background(self, brief: Brief, room: Room) -> str:
        """What goes before the question; without what was overheard where that leaves the question no room."""
        question, encoding = brief.question, room.spec.encoding
        whole = "\n\n".join(filter(None, (brief.turn.incoming.overheard, question.background)))
        asked = question.own.of(encoding) + self._world.counter.count(whole).of(encoding)
        return whole if asked <= room.budget else question.background

    async def _keep(self, turn: Turn, exchange: Exchange) -> None:
        """Commits, waiting for a store that cannot: the answer is paid for. A lapsing lease ends the wait."""
        attempt = 0
        while True:
            try:
                return await self._history.commit(turn, exchange)
            except StoreError as problem:
                attempt += 1
                if attempt == 1:
                    log.warning("turn.not_kept", detail=str(problem))
                await self._world.clock.sleep(backoff(attempt, 0.5, LONGEST_KEEPING, self._world.chance.unit()))

    def _room(self, model: LanguageModel, instructions: Tokens) -> Room:
        return room_for(model.spec, self._settings.context_tokens, instructions.of(model.spec.encoding))

    async def _charge(self, turn: Turn, asking: Asking) -> None:
        """What was written and nobody gets to see is paid for all the same."""
        if asking.text:
            usage = self._books.used(asking)
            self._world.watch.asked(asking.model, usage)
            await self._budgets.settle(turn, usage)
            await self._world.tally.answered(payer_of(turn.incoming), asking.model, usage)


@dataclass(frozen=True, slots=True)
class Brief:
    """A question, and the path before it as far as it fits *room*. instructions: what the persona's take."""

    turn: Turn
    question: Message
    persona: Persona
    instructions: Tokens
    room: Room
    path: tuple[Message, ...]


def content_of(incoming: Incoming) -> tuple[Part, ...]:
    """What is kept of a question's words: in one part, unless they came with several messages, each of which can be
    edited. Raises EmptyMessage."""
    parts = tuple(replace(part, text=tidy(part.text)) for part in incoming.parts)
    text = clean(text_of(incoming.parts))
    return parts if any(part.origin for part in parts) else (TextPart(text),)


async def recall(
    history: History, conversation: ConversationId, leaf: MessageId | None, room: Room
) -> tuple[Message, ...]:
    """The newest part of the branch that ends in *leaf*: what fits the room, and at least the leaf itself."""
    return await history.path(conversation, leaf, room.spec.encoding, max(1, room.budget))


def told(answer: Answer) -> dict[str, object]:
    """What the log says of an answer beside its text, which only `log.content` lets through."""
    usage = answer.usage
    counts = {"prompt_tokens": usage.prompt, "cached_tokens": usage.cached, "completion_tokens": usage.completion}
    return {"model": answer.model, "finish": answer.finish.value, "nanodollars": usage.cost, **counts}


def answer_of(message: Message) -> Answer:
    """A kept answer as it is shown."""
    usage = message.usage or Usage(calls=0)
    return Answer(message.id, message.text, message.model, message.finish or Finish.STOP, usage)

"""The terminal: one person, one conversation, one line after another.

Lines go to the inbox like any platform's messages; a worker beside this loop answers them through `Terminal.open`. An
answer that this process did not ask for (its asker was killed, or sits at another window) is shown when it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bots.terminal.commands import saved, shown
from bots.terminal.screen import Past, Screen
from bots.terminal.stream import View
from bots.terminal.translate import Seat
from core.conversations.cleaning import clean
from core.conversations.commands import Commands, parse
from core.conversations.reports import excerpt, shown_text
from core.domain import Answer, Encoding, Incoming, MessageId, Ref, Role, Turn, TurnId, answer_id, text_of
from core.errors import ChatError, StoreError
from core.ports import Chance, Claim, Clock, History, Inbox, Reply
from core.tasks import cancelled
from core.wording import Sentence, say

LEAVE = frozenset({"exit", "quit"})
ELSEWHERE = 1.0
"""Seconds between two looks whether another process answered."""
LOADING = 0.25
"""Seconds between two looks whether a model is being loaded."""
RECALLED = 8_000
"""Tokens of the conversation that are read at the start, for recalling what was typed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the terminal works with."""

    inbox: Inbox
    history: History
    commands: Commands
    clock: Clock
    chance: Chance


@dataclass(slots=True)
class Awaited:
    """An answer that the user waits for. open: how many replies of this process write into it now. over: it was shown,
    or the user waits no more."""

    view: View
    over: asyncio.Event = field(default_factory=asyncio.Event)
    shown: bool = False
    open: int = 0
    interrupted: bool = False


class Terminal:
    """`Replies` of the lane `seat.lane`, and the loop that reads. Exactly one `run` at a time.

    loading: the name of the model that is being loaded right now, else None. folder: where documents are saved.
    """

    def __init__(self, desk: Desk, seat: Seat, screen: Screen, loading: Callable[[], str | None], folder: Path) -> None:
        self._desk = desk
        self._seat = seat
        self._screen = screen
        self._loading = loading
        self._folder = folder
        self._awaited: dict[TurnId, Awaited] = {}
        self._seen: set[MessageId] = set()
        self._own: set[TurnId] = set()
        self._stops: set[asyncio.Task[None]] = set()
        self._asked = 0
        self._answered = 0

    async def run(self) -> int:
        """Returns the exit code when the user leaves: 1 if something was asked and nothing at all was answered."""
        await self._greet()
        while (line := await self._screen.read()) is not None:
            if line.strip().lower() in LEAVE:
                break
            if line.strip():
                await self._take(line)
        return 1 if self._asked and not self._answered else 0

    @asynccontextmanager
    async def open(self, turn: Turn, claim: Claim) -> AsyncIterator[Reply]:
        awaited = self._awaited.get(turn.id)
        if awaited is None:
            yield TerminalReply(self, turn, claim, None)
            return
        awaited.open += 1
        try:
            yield TerminalReply(self, turn, claim, awaited)
        finally:
            # The turn is over only now: after its reply, the worker told the inbox so, and /retry relies on it.
            awaited.open -= 1
            if awaited.shown:
                awaited.over.set()

    async def show(self, turn: Turn, awaited: Awaited | None, answer: Answer) -> None:
        """Shows the answer, unless this or an earlier process did."""
        if answer.id in self._seen or turn.shown:
            return
        text = shown_text(answer, self._seat.language)
        if awaited is None or awaited.over.is_set():
            await self._screen.interject(self._title(turn), text)
        else:
            awaited.view.finish(text)
            awaited.shown = True
        self._answered += 1
        self._seen.add(answer.id)

    async def excuse(self, turn: Turn, awaited: Awaited | None, problem: ChatError) -> None:
        sentence = say(problem.sentence, self._seat.language, **problem.values)
        if awaited is None or awaited.over.is_set():
            await self._screen.interject(self._title(turn, answered=False), sentence)
        else:
            awaited.view.fail(sentence)
            awaited.shown = True

    def _say(self, sentence: Sentence, **values: object) -> str:
        return say(sentence, self._seat.language, **values)

    def _title(self, turn: Turn, *, answered: bool = True) -> str:
        question = excerpt(text_of(turn.incoming.parts))
        resumed = answered and turn.attempt > 1 and turn.id not in self._own
        if question and not resumed:
            return self._say(Sentence.TERMINAL_EARLIER, question=question)
        return self._say(Sentence.TERMINAL_RESUMED)

    def _incoming(self, text: str) -> Incoming:
        return self._seat.incoming(self._desk.chance.name(), text, self._desk.clock.now())

    async def _greet(self) -> None:
        """What is chosen, and where the conversation stands."""
        try:
            model, persona = [await self._chosen(name) for name in ("model", "persona")]
            past = await self._past()
        except StoreError:
            self._screen.say(self._say(Sentence.STORE_AWAY_UNDONE))
        else:
            welcome = self._say(Sentence.TERMINAL_WELCOME, model=model, persona=persona)
            if self._screen.greet(welcome, past) and past is not None:
                self._seen.add(past.last.id)

    async def _chosen(self, command: str) -> str:
        choices = await self._desk.commands.complete(command, "", self._incoming(""))
        return next((choice.value for choice in choices if choice.current), "–")

    async def _past(self) -> Past | None:
        history, at = self._desk.history, self._seat.conversation
        head = (await history.conversation(at)).head
        path = await history.path(at, head, Encoding.O200K, RECALLED)
        questions = tuple(message.text for message in path if message.role is Role.USER)
        if not path or not questions:
            return None
        title = self._say(Sentence.TERMINAL_HISTORY, question=excerpt(questions[-1]))
        return Past(title, questions, path[-1])

    async def _take(self, line: str) -> None:
        away = Sentence.STORE_AWAY
        try:
            text = clean(line)
            if command := parse(text):
                away = Sentence.STORE_AWAY_UNDONE
                await self._command(*command)
            else:
                await self._ask(self._incoming(text))
        except ChatError as problem:
            self._screen.say(say(problem.sentence, self._seat.language, **problem.values))
        except StoreError:
            self._screen.keep(line)
            self._screen.say(self._say(away))

    async def _command(self, name: str, argument: str) -> None:
        """A command may set a turn going; its answer is shown like any other."""
        incoming = self._incoming("")
        async with self._waiting(incoming.event_id) as awaited:
            reaction = await self._desk.commands.run(name, argument, incoming)
            if reaction.turn is not None:
                await self._until_answered(reaction.turn, awaited)
                return
        self._screen.say(shown(reaction))
        for document in reaction.documents:
            self._screen.say(saved(document, self._folder, self._seat.language))

    async def _ask(self, incoming: Incoming) -> None:
        async with self._waiting(incoming.event_id) as awaited:
            await self._desk.inbox.put(incoming)
            await self._until_answered(incoming.event_id, awaited)

    @asynccontextmanager
    async def _waiting(self, turn: TurnId) -> AsyncIterator[Awaited]:
        """From before the turn can be claimed, so that its reply finds its view."""
        async with self._screen.answering(lambda: self._interrupt(turn)) as view:
            awaited = self._awaited[turn] = Awaited(view)
            try:
                yield awaited
            finally:
                del self._awaited[turn]

    async def _until_answered(self, turn: TurnId, awaited: Awaited) -> None:
        self._own.add(turn)
        self._asked += 1
        watches = [
            asyncio.create_task(self._watch_elsewhere(turn, awaited), name=f"elsewhere {turn}"),
            asyncio.create_task(self._watch_loading(), name=f"loading {turn}"),
        ]
        try:
            await awaited.over.wait()
        finally:
            await cancelled(*watches)

    async def _watch_loading(self) -> None:
        """Says once that a model is being loaded."""
        while (model := self._loading()) is None:
            await self._desk.clock.sleep(LOADING)
        self._screen.note(self._say(Sentence.TERMINAL_LOADING, model=model))

    async def _watch_elsewhere(self, turn: TurnId, awaited: Awaited) -> None:
        """Shows what another process made of the turn."""
        while not awaited.over.is_set():
            await self._desk.clock.sleep(ELSEWHERE)
            if not awaited.open:
                # The worker hears of a store that is away, and waits; so does this.
                with suppress(StoreError):
                    await self._look_elsewhere(turn, awaited)

    async def _look_elsewhere(self, turn: TurnId, awaited: Awaited) -> None:
        history, at = self._desk.history, self._seat.conversation
        answer = await history.message(at, answer_id(turn))
        failed = None if answer else (await history.conversation(at)).failed
        if awaited.open or awaited.shown:
            return
        if answer is not None:
            awaited.view.finish(answer.text)
            self._seen.add(answer.id)
            self._answered += 1
            awaited.over.set()
        elif failed is not None and failed.event_id == turn:
            awaited.view.fail(self._say(Sentence.TERMINAL_ELSEWHERE_FAILED))
            awaited.over.set()

    def _interrupt(self, turn: TurnId) -> None:
        """The first time asks the answer to stop; the second time stops waiting for it."""
        awaited = self._awaited[turn]
        if awaited.interrupted:
            self._screen.note(self._say(Sentence.TERMINAL_LATER))
            awaited.over.set()
            return
        awaited.interrupted = True
        stop = asyncio.create_task(self._stop(), name=f"stop {turn}")
        self._stops.add(stop)
        stop.add_done_callback(self._stops.discard)

    async def _stop(self) -> None:
        with suppress(StoreError):
            await self._desk.inbox.stop(self._seat.conversation)


class TerminalReply:
    """awaited: the view in which the user waits for it; None where nobody does."""

    def __init__(self, terminal: Terminal, turn: Turn, claim: Claim, awaited: Awaited | None) -> None:
        self._terminal = terminal
        self._turn = turn
        self._claim = claim
        self._awaited = awaited

    def draft(self, text: str) -> None:
        if self._awaited is not None:
            self._awaited.view.draft(text)

    def wait(self, place: int) -> bool:
        if self._awaited is not None:
            language = self._turn.incoming.sender.language
            self._awaited.view.wait(say(Sentence.WAITING, language, place=place))
        return True

    async def finish(self, answer: Answer) -> None:
        """What is remembered is not shown again by the process that resumes the turn."""
        self._claim.check()
        await self._terminal.show(self._turn, self._awaited, answer)
        await self._claim.remember(Ref(self._turn.id))

    async def fail(self, problem: ChatError) -> None:
        self._claim.check()
        await self._terminal.excuse(self._turn, self._awaited, problem)

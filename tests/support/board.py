"""A chat platform in memory, on the clock of a test: it keeps what is posted, and makes the trouble it is told to make."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bots.shared.surface import Deed, Limits, MessageGone, Page, Posted, Route, Slip
from core.domain import Conversation, ConversationId, Incoming, PersonId, Ref, Sender, TextPart, Turn, TurnId
from core.errors import LeaseLost, ParlourError, StoreUnavailable
from core.ports import Clock

QUESTION = Ref("question")


@dataclass(frozen=True)
class Trouble:
    """What the next request meets. done: it has its effect all the same, only the response is lost."""

    problem: ParlourError
    done: bool = False


@dataclass(frozen=True)
class Request:
    at: float
    deed: Deed
    chat: str
    text: str = ""


@dataclass
class Board:
    """latency: seconds from a request to its response; the effect comes half-way. remembers_nonces: as Discord does,
    for creates. can_find: whether a message can be looked up by its nonce."""

    clock: Clock
    latency: float = 0.0
    remembers_nonces: bool = True
    can_find: bool = True
    requests: list[Request] = field(default_factory=list)
    troubles: list[tuple[Deed, Trouble]] = field(default_factory=list)
    messages: dict[Ref, tuple[str, Page]] = field(default_factory=dict)
    replies: dict[Ref, Ref | None] = field(default_factory=dict)
    nonces: dict[str, Ref] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def pages(self, chat: str = "chat") -> list[Page]:
        return [page for place, page in self.messages.values() if place == chat]

    def texts(self, chat: str = "chat") -> list[str]:
        return [page.text for page in self.pages(chat)]

    def trouble_for(self, deed: Deed) -> Trouble | None:
        found = next((index for index, (kind, _) in enumerate(self.troubles) if kind is deed), None)
        return None if found is None else self.troubles.pop(found)[1]

    def deeds(self, *kinds: Deed) -> list[Request]:
        return [request for request in self.requests if request.deed in kinds]


@dataclass(frozen=True)
class BoardSurface:
    """One answer's place on the board. Where *bucket* is empty, every kind of write in a chat has its own."""

    board: Board
    chat: str = "chat"
    limits: Limits = field(default_factory=lambda: Limits(2000))
    bucket: str = ""

    def route(self, deed: Deed) -> Route:
        return Route(self.chat, self.bucket or f"{deed} {self.chat}")

    async def find(self, nonce: str) -> Ref | None:
        async with self._request(Deed.FIND):
            return self.board.nonces.get(nonce) if self.board.can_find else None

    async def post(self, page: Page, slip: Slip) -> Posted:
        async with self._request(Deed.POST, page.text):
            known = self.board.nonces.get(slip.nonce) if self.board.remembers_nonces else None
            if known is not None and known not in self.board.messages:
                raise MessageGone(known)
            if known is not None:
                return Posted(known, as_given=self.board.messages[known][1] == page)
            ref = Ref(f"{self.chat}/{next(self.board.numbers)}")
            self.board.messages[ref] = (self.chat, page)
            self.board.nonces[slip.nonce] = ref
            self.board.replies[ref] = slip.reply_to
            return Posted(ref)

    async def edit(self, ref: Ref, page: Page) -> None:
        async with self._request(Deed.EDIT, page.text):
            if ref not in self.board.messages:
                raise MessageGone(ref)
            self.board.messages[ref] = (self.chat, page)

    async def delete(self, ref: Ref) -> None:
        async with self._request(Deed.DELETE):
            if self.board.messages.pop(ref, None) is None:
                raise MessageGone(ref)

    async def typing(self) -> None:
        async with self._request(Deed.TYPING):
            pass

    @asynccontextmanager
    async def _request(self, deed: Deed, text: str = "") -> AsyncIterator[None]:
        board = self.board
        board.requests.append(Request(board.clock.now(), deed, self.chat, text))
        await board.clock.sleep(board.latency / 2)
        trouble = board.trouble_for(deed)
        if trouble and not trouble.done:
            raise trouble.problem
        yield
        await board.clock.sleep(board.latency / 2)
        if trouble:
            raise trouble.problem


@dataclass
class Held:
    """A claim that keeps what it is told. lost: whether somebody else holds the turn by now. forgets: the store is away
    this many times."""

    shown: list[Ref] = field(default_factory=list)
    lost: bool = False
    forgets: int = 0

    def check(self) -> None:
        if self.lost:
            raise LeaseLost

    async def remember(self, ref: Ref) -> None:
        self.check()
        if self.forgets:
            self.forgets -= 1
            raise StoreUnavailable
        if ref not in self.shown:
            self.shown.append(ref)

    async def forget(self, ref: Ref) -> None:
        self.check()
        self.shown.remove(ref)


def turn_of(number: int = 1, shown: tuple[Ref, ...] = (), attempt: int = 1, language: str = "en") -> Turn:
    """A claimed turn, as a store gives it."""
    name = ConversationId(f"test:{number}")
    incoming = Incoming(
        event_id=TurnId(f"test:{number}"),
        conversation=name,
        lane="test",
        sender=Sender(PersonId("test:ada"), "Ada", language),
        parts=(TextPart("What is it?"),),
        sent_at=0.0,
        ref=QUESTION,
    )
    return Turn(incoming.event_id, incoming, Conversation(name), attempt, attempt, shown=shown)

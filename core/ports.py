"""What core asks of the world, as Protocols. One suite in `tests/contracts` runs over every implementation.

Every method of a store may raise `StoreUnavailable` (the server is away: wait and try again) or another `StoreError`.
Every write that a turn's holder makes carries `turn.token` and raises `LeaseLost`, changing nothing, when that claim no
longer holds. A store reads the time from the clock it was opened with, and from nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol, Self

from core.completions import Chunk
from core.domain import (
    Answer,
    Conversation,
    ConversationId,
    Encoding,
    Exchange,
    Finish,
    InboxDepth,
    Incoming,
    Message,
    MessageId,
    ModelFacts,
    ModelSpec,
    Prompt,
    Record,
    Ref,
    SetAside,
    Tokens,
    Turn,
    TurnId,
    Usage,
    UsageReport,
)
from core.domain_limits import Balance, Frequency
from core.errors import ChatError
from core.ports_limits import Paces, Places, Purses, Rulings, Tallies
from core.ports_people import People
from core.ports_sharing import Feeds, Outbox, Probing, Receipts, Secrets, Shelf


class Watchdog(Protocol):
    """A deadline that can be pushed back cheaply, thousands of times a second. Leaving the ``async with`` block after
    the deadline passed inside it raises TimeoutError; a foreign cancellation passes through untouched."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def feed(self, seconds: float) -> None:
        """The deadline is now *seconds* from now."""

    def bite(self) -> None:
        """The deadline is now: the block is left with TimeoutError. To say so again, while it is being left, is no error."""

    @property
    def expired(self) -> bool: ...


class Clock(Protocol):
    def now(self) -> float:
        """Unix time in seconds."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    async def sleep(self, seconds: float) -> None: ...

    def watchdog(self, seconds: float | None) -> Watchdog:
        """A watchdog whose deadline is *seconds* after its block is entered; None: none until it is fed."""


class Chance(Protocol):
    def unit(self) -> float:
        """A number in [0, 1), for jitter."""

    def name(self) -> str:
        """A fresh unguessable identifier, 26 letters and digits, sortable by the time it was made."""


class Reply(Protocol):
    """Where one answer becomes visible."""

    def draft(self, text: str) -> None:
        """The text so far. Never waits, never fails; the latest wins and replaces what was shown."""

    def wait(self, place: int) -> bool:
        """It is number *place* in line, 1 being next, for the model to be asked. False: too early for another number, so it
        is to be said again. Never waits, never fails; the first draft replaces it."""

    async def finish(self, answer: Answer) -> None:
        """Returns when the user can see all of it. Idempotent: an interrupted one is simply called again."""

    async def fail(self, problem: ChatError) -> None:
        """Returns when the user can see the problem's sentence in place of an answer."""


class Claim(Protocol):
    """What a reply may ask of the claim under which it writes."""

    def check(self) -> None:
        """Call right before each write to a platform. Raises LeaseLost when the lease may have lapsed: a process that
        was paused finds out here, before it writes into a turn that somebody else answers by now."""

    async def remember(self, ref: Ref) -> None:
        """*ref*, just posted, shows (part of) this turn's answer. Posting and remembering are one uninterruptible step:
        shield them together from cancellation. Raises LeaseLost."""

    async def forget(self, ref: Ref) -> None:
        """*ref*, just deleted, shows nothing of this turn's answer any more. Raises LeaseLost."""


class Replies(Protocol):
    def open(self, turn: Turn, claim: Claim) -> AbstractAsyncContextManager[Reply]:
        """A reply from stored data alone: `turn.incoming.address`, `turn.shown`, the sender's language."""


class Deltas(Protocol):
    """One streamed answer. The properties are complete once the iteration has ended."""

    def __aiter__(self) -> AsyncIterator[str]:
        """Pieces of the answer's text, reasoning left out. Raises ModelError when the stream fails."""

    @property
    def finish(self) -> Finish: ...

    @property
    def usage(self) -> Usage:
        """As the server reported it; estimated (`spec` counts) where it reports none. `cost` is filled from the price."""

    @property
    def source(self) -> str:
        """What the server calls the model that answered; empty where it does not say so."""


class LanguageModel(Protocol):
    @property
    def spec(self) -> ModelSpec:
        """What is known now; changes as the server teaches us."""

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[Deltas]:
        """Asks once. Entering or iterating raises ModelError; no retry, no fallback: the caller decides those."""

    def relay(self, body: Mapping[str, Any]) -> AbstractAsyncContextManager[AsyncIterator[list[Chunk]]]:
        """Passes a client's Chat Completions request on, under the server's own name of the model. Entering returns when
        there is something; iterating gives the chunks that arrived together (the usage always among them), or the one
        whole answer where *body* wants no stream; leaving ends the call. Entering or iterating raises ModelError, of
        which RequestRefused tells, in `values`, status, params and what the server said."""

    async def learn_window(self, limit: int) -> None:
        """The server's window turned out to be *limit* tokens; kept across restarts."""


class Models(Protocol):
    def names(self) -> Sequence[str]:
        """Usable models, the default first."""

    def get(self, name: str) -> LanguageModel:
        """The model, or the default for an empty name or one that is configured no more."""


class TokenCounter(Protocol):
    def count(self, text: str) -> Tokens: ...


class History(Protocol):
    """The tree of kept messages. Unknown conversations are empty ones, not errors."""

    async def conversation(self, conversation: ConversationId) -> Conversation: ...

    async def configure(
        self, conversation: ConversationId, *, model: str | None = None, persona: str | None = None
    ) -> None:
        """Sets what is not None."""

    async def move(self, conversation: ConversationId, head: MessageId | None) -> None:
        """Moves the head (None: a new root follows), counts the epoch up and forgets `failed`."""

    async def message(self, conversation: ConversationId, message: MessageId) -> Message | None: ...

    async def path(
        self, conversation: ConversationId, leaf: MessageId | None, encoding: Encoding, window: int
    ) -> tuple[Message, ...]:
        """The branch that ends in *leaf*, oldest first, in one round trip: every message whose running total in
        *encoding* is greater than the leaf's total minus *window*. Costs what fits the window, however long the
        history is. Empty for None or an unknown leaf."""

    async def children(self, conversation: ConversationId, parent: MessageId | None) -> tuple[Message, ...]:
        """The messages that follow *parent* (None: the roots), oldest first."""

    async def messages(self, conversation: ConversationId) -> tuple[Message, ...]:
        """All messages of the conversation, all branches, oldest first."""

    async def answer_to(self, turn: Turn) -> Answer | None:
        """The answer kept for this turn, if an earlier attempt got that far."""

    async def commit(self, turn: Turn, exchange: Exchange) -> None:
        """One atomic step: question and answer are kept; the answer becomes the head if the conversation's epoch is
        still `turn.conversation.epoch` (where a stored question was asked again, as `choose` does it); its usage is
        added to the ledger of the UTC day; `failed` is cleared. Repeating it changes nothing. Raises LeaseLost."""

    async def choose(self, turn: Turn, answer: Message) -> None:
        """The kept *answer* becomes the head if the epoch is still `turn.conversation.epoch` and the conversation stands
        at its question or at another answer to it: who has gone on since is not taken back. Raises LeaseLost."""

    async def shown_as(self, conversation: ConversationId, ref: Ref) -> MessageId | None:
        """The message, kept or still to be kept, that a platform shows as *ref*."""

    async def refs(self, conversation: ConversationId, message: MessageId) -> tuple[Ref, ...]:
        """The platform messages that show *message*, in the order they were posted."""

    async def usage(self, conversation: ConversationId) -> UsageReport: ...


class Outcome(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    FAILED = "failed"


class Inbox(Protocol):
    """Turns waiting for an answer: stored, deduplicated, one at a time per conversation in the order they came."""

    async def put(self, incoming: Incoming) -> bool:
        """Stores it; only then may it be acknowledged to the platform. False: this event id was known already (they
        are remembered for 7 days after the turn ended).

        Joins the newest unclaimed turn of the conversation that has the same `group` (parts appended in order); without
        parts it says the same once more, and joins a claimed one as well. An `incoming.revises` whose question is still
        unclaimed replaces that question's parts instead of becoming a turn."""

    async def withdraw(self, conversation: ConversationId, ref: Ref) -> bool:
        """Removes the unclaimed turn whose question is shown as *ref*. False: there is none (any more)."""

    async def claim(self, lanes: Collection[str], lease: float) -> Turn | None:
        """The next turn of these lanes that nobody holds, now held for *lease* seconds; None when there is none.

        Claimable is the oldest turn of a conversation in which no turn is held, once its hold or postponement is over;
        a turn whose lease lapsed is claimable again. `attempt` counts claims. At the first claim the parent is fixed:
        for `again` that question, for `show` that answer; for `revises` the parent of the edited question; for a
        `reply_to` that is a kept message, that message; else the head. Then too the turn takes over, as `shown`, the
        refs of the edited question's answers and those that belong together with `replaces`; from then on they are
        `shown_as` the answer that this turn is about."""

    async def renew(self, turn: Turn, lease: float) -> bool:
        """Holds it for *lease* seconds from now. True: /stop was said for it. Raises LeaseLost."""

    async def remember(self, turn: Turn, ref: Ref) -> None:
        """*ref* now shows (part of) this turn's answer. Raises LeaseLost."""

    async def forget(self, turn: Turn, ref: Ref) -> None:
        """*ref* shows nothing of this turn's answer any more. Raises LeaseLost."""

    async def finish(self, turn: Turn, outcome: Outcome) -> None:
        """The turn is over; the next one of its conversation becomes claimable. FAILED keeps `turn.incoming` as the
        conversation's `failed`. Raises LeaseLost."""

    async def postpone(self, turn: Turn, seconds: float, *, spent: bool) -> None:
        """Gives the claim back; claimable again (still first in its conversation) after *seconds*. Not *spent*: this
        attempt does not count. Allowed after the lease lapsed, for who was cut off from the store; raises LeaseLost only
        when somebody else took the turn."""

    async def set_aside(self, turn: Turn, reason: str) -> None:
        """Out of the way, for an operator; the conversation goes on and `failed` is set. Raises LeaseLost."""

    async def asked(self, conversation: ConversationId, turn: TurnId) -> Incoming | None:
        """What a turn of this conversation asks that waits, is being answered or is set aside, or that ended FAILED in
        the last 7 days (`history.ttl` if that is shorter). None for any other."""

    async def waiting(self, conversation: ConversationId) -> tuple[Incoming, ...]:
        """The turns of this conversation that wait or are being answered, in their order. `event_id` is the turn's."""

    async def stop(self, conversation: ConversationId, turn: TurnId | None = None) -> bool:
        """Asks the holder of the running turn, in whatever process, to stop. False: nothing is running, or not *turn*."""

    async def wait(self, seconds: float) -> frozenset[TurnId]:
        """Returns when a turn may have become claimable or somebody said /stop, at the latest after *seconds*; gives
        the turns to be stopped (some may be held by other processes). May return early for no reason. Does not raise
        while the store is away: it waits."""

    async def aside(self) -> tuple[SetAside, ...]:
        """What is set aside, oldest first."""

    async def requeue(self, turn: TurnId) -> bool:
        """Puts a turn that is set aside at the end of its conversation's queue, attempts from 0. False: not there."""

    async def drop(self, turn: TurnId) -> bool:
        """Forgets a turn that is set aside. False: not there."""

    async def depth(self) -> InboxDepth: ...


class Facts(Protocol):
    """What servers taught us about models, kept across restarts."""

    async def facts(self) -> dict[str, ModelFacts]: ...

    async def learn(self, model: str, facts: ModelFacts) -> None: ...


class Bookmarks(Protocol):
    """Where people spoke to the bot, for whoever looks after an absence for what was said meanwhile."""

    async def note(self, lane: str, place: str, position: int) -> None:
        """In *place* everything up to *position* (a platform's message id) is known. A position never goes back. The
        place is forgotten 30 days after its last note."""

    async def places(self, lane: str) -> dict[str, int]:
        """Every place noted, and its position."""


class Permits(Protocol):
    """Token buckets that all processes on a store draw from. A bucket is named by whoever uses it."""

    async def draw(self, bucket: str, rate: float, burst: float, permits: int) -> tuple[float, float]:
        """Takes *permits* out of a bucket of *burst* that refills by *rate* per second; what is not there yet is owed.
        Seconds until the last of them may be used, and seconds for which the bucket is held."""

    async def hold(self, bucket: str, seconds: float) -> None:
        """Nobody is to use the bucket for *seconds*, whatever was drawn; a shorter hold takes nothing away."""

    async def held(self, bucket: str) -> float:
        """Seconds for which the bucket is held; 0 when it is not."""


class Store(
    History,
    Inbox,
    Facts,
    Bookmarks,
    Permits,
    Feeds,
    Shelf,
    Secrets,
    Receipts,
    Outbox,
    Purses,
    Paces,
    Rulings,
    Tallies,
    Places,
    People,
    Probing,
    Protocol,
):
    """One backend. Opened and closed by `core.stores.opening.open_store`."""

    @property
    def description(self) -> str:
        """For people: backend and place, without a password."""

    async def warnings(self) -> tuple[str, ...]:
        """One line for each way in which this server could lose accepted messages. Raises StoreError if it is away."""

    async def sweep(self) -> int:
        """Deletes what each part says is kept for so long, and no longer; how many rows. Cheap, repeatable."""

    async def page(self, cursor: str, limit: int) -> tuple[tuple[Record, ...], str]:
        """About *limit* records from *cursor* ("" at first), for copying; the next cursor, "" after the last page.
        Every conversation, message, ref, ledger row, learnt fact, bookmark, shelved title, secret, receipt, purse,
        ruling, tally, who asked when, and every turn waiting or set aside."""

    async def size(self) -> int:
        """About how many records `page` gives in all, for a progress bar."""

    async def load(self, records: Sequence[Record]) -> None:
        """Writes records of another store; the same ones again change nothing."""


class Budgets(Protocol):
    """Who may spend how much. Everything is idempotent per turn, in whatever process, and may raise StoreError."""

    async def admit(self, turn: Turn) -> None:
        """Counts a question before anything is asked. Raises LimitReached for one too many."""

    async def choose(self, turn: Turn, wanted: ModelSpec) -> str:
        """The id of the model to ask: *wanted*, or a cheaper one where little is left."""

    async def check(self, turn: Turn, spec: ModelSpec, prompt: Prompt, so_far: Usage) -> None:
        """Before a wait for `reserve`: raises LimitReached where that would, whatever others give back."""

    async def reserve(self, turn: Turn, spec: ModelSpec, prompt: Prompt, so_far: Usage) -> Prompt:
        """Before each call, after those that took *so_far*. The prompt, limited to what may be spent. Raises
        LimitReached."""

    async def settle(self, turn: Turn, usage: Usage) -> None:
        """What the kept answer used, all of its calls."""

    async def refund(self, turn: Turn) -> None:
        """No answer came of it."""

    async def balances(self, incoming: Incoming) -> tuple[Balance | Frequency, ...]:
        """How everything stands that its sender is limited by there."""

"""The nouns of Parlour: frozen values that know no I/O, no platform and no vendor.

Times are Unix seconds (float), token numbers are tokens, money is whole nano-dollars (1e-9 USD), so sums are exact.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, NewType

ConversationId = NewType("ConversationId", str)
"""Names one context, scope included: ``terminal:default``, ``telegram:-100123/7``. Made by an adapter."""
TurnId = NewType("TurnId", str)
"""The platform's own event id, so that a redelivered event is the same turn: ``discord:129…``."""
MessageId = NewType("MessageId", str)
"""A stored message: the turn's id followed by ``/q`` (question) or ``/a`` (answer)."""
Ref = NewType("Ref", str)
"""A message as a platform shows it: ``telegram:<chat>/<message>``."""
PersonId = NewType("PersonId", str)
"""Who speaks: ``discord:123``. Never a chat's id."""


def question_id(turn: TurnId) -> MessageId:
    return MessageId(f"{turn}/q")


def answer_id(turn: TurnId) -> MessageId:
    return MessageId(f"{turn}/a")


def turn_of(message: MessageId) -> TurnId:
    return TurnId(message.rpartition("/")[0])


def is_answer(name: str) -> bool:
    """Whether this is an `answer_id`, and neither another message's id nor a platform's own name for one."""
    return name.endswith("/a")


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text, as one part of a message's content. Further kinds join the union `Part`; large bytes are never a part.

    origin: the platform's message that it came with, where several can make one question. joint: what stands between it
    and the text before it.
    """

    text: str
    kind: Literal["text"] = "text"
    origin: Ref | None = None
    joint: str = "\n\n"


Part = TextPart


def text_of(parts: tuple[Part, ...]) -> str:
    return "".join(f"{part.joint if before else ''}{part.text}" for before, part in enumerate(parts))


@dataclass(frozen=True, slots=True)
class Sender:
    id: PersonId
    name: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as a platform delivered it, translated.

    lane: which workers can answer it (a platform's name, or a terminal's conversation).
    address: what the adapter needs to open a `Reply` later, in another process; opaque to core.
    ref, reply_to, revises: this message, the one it replies to, the earlier question that it edits.
    group, hold: parts with the same group that arrive before the turn is claimed become one turn; a part with a hold
        keeps the turn unclaimed for that many seconds after it arrived.
    again: ask this stored question again (a sibling answer) instead of asking a new one.
    show: ask nothing; this kept answer is shown and gone on from, instead of its sibling.
    replaces: a message of the bot's; the answer takes over all those that show what this one shows when the turn is
        first claimed, be that an answer or the error of a turn that failed.
    author: the speaker's name as the model reads it; empty where only one person speaks.
    background: shown to the model with this question only, also when it is asked again (date, quote).
    overheard: more of that kind, which others said and not to the bot: what stays of a failed turn is without it.
    quoted: whose words those two have, as far as the platform says.
    places: further names, beside the conversation's chat, by which `core.conversations.access.Access` may list where
        this was said; the widest, a server, last.
    roles: of the sender, where the place has such, as ``discord:123``.
    model, sampling: for this turn alone, instead of the conversation's and the configured ones; an answer whose
        ``max_tokens`` is said here ends there.
    trace: the request that it came with, as the header ``traceparent`` says it; empty where nobody traces.
    """

    event_id: TurnId
    conversation: ConversationId
    lane: str
    sender: Sender
    parts: tuple[Part, ...]
    sent_at: float
    address: Mapping[str, str] = field(default_factory=dict)
    ref: Ref | None = None
    reply_to: Ref | None = None
    revises: Ref | None = None
    group: str | None = None
    hold: float = 0.0
    again: MessageId | None = None
    show: MessageId | None = None
    replaces: Ref | None = None
    author: str = ""
    background: str = ""
    overheard: str = ""
    places: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    quoted: tuple[PersonId, ...] = ()
    model: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    trace: str = ""

    @property
    def asked_as(self) -> Ref | None:
        """The message that shows this turn's own question; None where it has none."""
        return self.ref if self.again is None and self.show is None else None

    @property
    def kept(self) -> Incoming:
        """What may outlive the turn."""
        return replace(self, overheard="") if self.overheard else self


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where a conversation stands. `epoch` counts explicit moves of the head (/new, /undo, choosing a sibling), so a
    running turn can tell that it must not move the head any more. Empty model or persona: the configured default.
    `failed` is the newest turn that ended in an error, for /retry; a kept answer or a
    move of the head clears it."""

    id: ConversationId
    head: MessageId | None = None
    epoch: int = 0
    model: str = ""
    persona: str = ""
    failed: Incoming | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A claimed turn: what came in, and what its holder may do.

    token: the fencing token of this claim; every write carries it.
    attempt: 1 for the first claim.
    parent: fixed at the first claim. The message that the question follows (the one replied to, else the head); for
        `incoming.again` the question itself; for `incoming.show` the answer to be shown.
    shown: refs of the messages that show this turn's answer already, in order: posted for it, or taken over
        (`incoming.replaces`, and by an edited question those of its answer).
    stop_requested: somebody said /stop before this claim.
    requeued: it was set aside, and an operator put it back.
    """

    id: TurnId
    incoming: Incoming
    conversation: Conversation
    token: int
    attempt: int = 1
    parent: MessageId | None = None
    shown: tuple[Ref, ...] = ()
    stop_requested: bool = False
    requeued: bool = False


class Encoding(StrEnum):
    """OpenAI's vocabularies in use. Other models are estimated in o200k and corrected by a factor."""

    O200K = "o200k"
    CL100K = "cl100k"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token count in each vocabulary, so that a conversation may change its model and stay exact."""

    o200k: int = 0
    cl100k: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.o200k + other.o200k, self.cl100k + other.cl100k)

    def of(self, encoding: Encoding) -> int:
        return self.o200k if encoding is Encoding.O200K else self.cl100k


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Usage:
    """What one or more model calls used. `prompt` includes `cached`, `completion` includes `reasoning`.
    `cost` is None where no price is known."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0
    reasoning: int = 0
    cost: int | None = None
    calls: int = 1

    def __add__(self, other: Usage) -> Usage:
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.completion + other.completion,
            self.reasoning + other.reasoning,
            sum(costs) if costs else None,
            self.calls + other.calls,
        )

    @property
    def spent(self) -> int | None:
        """`cost`; 0 where nothing was used, also where no price is known."""
        return self.cost if self.prompt or self.completion else 0


NO_USAGE = Usage(calls=0)


@dataclass(frozen=True, slots=True)
class Price:
    """Nano-dollars per token (which is dollars per million tokens, times 1,000)."""

    input: int
    output: int
    cached: int

    def of(self, usage: Usage) -> int:
        fresh = usage.prompt - usage.cached
        return fresh * self.input + usage.cached * self.cached + usage.completion * self.output


@dataclass(frozen=True, slots=True)
class Message:
    """A kept message. `own` is its count with the frame of a chat message, `total` the sum from the root up to and
    including it, along its branch. `background` was shown with a question when it was asked, and counts nowhere."""

    id: MessageId
    parent: MessageId | None
    role: Role
    parts: tuple[Part, ...]
    at: float
    own: Tokens
    total: Tokens
    author: str = ""
    sender: PersonId | None = None
    model: str = ""
    finish: Finish | None = None
    usage: Usage | None = None
    background: str = ""
    quoted: tuple[PersonId, ...] = ()

    @property
    def text(self) -> str:
        return text_of(self.parts)

    def answers(self, questions: Collection[MessageId | None]) -> bool:
        """Whether it is an answer to one of them. Below a question stand also those of others, who replied to it."""
        return self.role is Role.ASSISTANT and self.parent in questions


@dataclass(frozen=True, slots=True)
class Answer:
    """What is shown as final. Only a kept answer is shown so. instead_of: the model that was to answer, where another one
    did because little is left of a budget, or (barred) because who asked may not use it; that is not kept."""

    id: MessageId
    text: str
    model: str
    finish: Finish
    usage: Usage
    instead_of: str = ""
    barred: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one turn adds to the history; `question` is None when a stored question was asked again."""

    question: Message | None
    answer: Message


@dataclass(frozen=True, slots=True)
class PromptMessage:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to a model. max_output: tokens at most; None leaves it to the model's settings. tokens: about how
    many the prompt has, in the model's own. sampling: as in `Incoming`."""

    messages: tuple[PromptMessage, ...]
    max_output: int | None = None
    tokens: int = 0
    sampling: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What is known about a model now. window and max_output in tokens; `factor` turns a count in `encoding` into this
    model's tokens (1.0 where the vocabulary is OpenAI's own), `exact` says whether that is so."""

    id: str
    window: int
    max_output: int
    encoding: Encoding = Encoding.O200K
    exact: bool = True
    factor: float = 1.0
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model's server taught us, kept across restarts. None: nothing learnt.

    window: a smaller window than the table says. factor: measured tokens per estimated token.
    refused: request parameters that the server does not take. renamed: ``max_tokens`` → ``max_completion_tokens`` or back.
    """

    window: int | None = None
    factor: float | None = None
    refused: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A turn that kept failing, for an operator to see and retry. `reason` is one line, without message text."""

    turn: TurnId
    conversation: ConversationId
    at: float
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class InboxDepth:
    """oldest: when the message was sent that waits longest; None where none waits."""

    queued: int
    running: int
    aside: int
    oldest: float | None = None


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Usage of one conversation: in all, and on the current UTC day."""

    total: Usage
    today: Usage


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a store, for copying between backends: `kind` and `key` identify it, `value` is JSON."""

    kind: str
    key: str
    value: str

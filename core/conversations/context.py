"""What a model gets to see: the persona, the newest exchanges that fit, the question. Pure.

The cut moves in big steps, so that the prompt's prefix stays byte-identical from turn to turn and providers can serve it
from their cache. It is a function of stored running totals alone: nothing is remembered between turns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.conversations.cleaning import tidy
from core.domain import Encoding, Message, ModelSpec, Prompt, PromptMessage, Role, Tokens

MESSAGE_FRAME = Tokens(4, 4)
"""Tokens around each chat message: 3 of framing and 1 for the role. Source: OpenAI cookbook, "How to count tokens"."""
PROMPT_FRAME = 3
"""Tokens that open the model's answer; same source."""
EXACT_MARGIN = 16
"""Tokens kept free where counts are exact, for frames that a server adds on its own."""
ESTIMATED_MARGIN = 0.03
"""Share of the window kept free where counts are estimates."""
OUTPUT_SHARE = 4
"""At most a quarter of the window is reserved for the answer."""
AUTHOR_LENGTH = 64
"""Characters of a speaker's name that the model gets to read."""


@dataclass(frozen=True, slots=True)
class ContextReport:
    """What a model would see. Token numbers are the model's own (estimated where `exact` is False); `used` and `budget`
    include the persona."""

    model: str
    exact: bool
    persona: str
    persona_tokens: int
    kept: tuple[tuple[Message, int], ...]
    cut_messages: int
    cut_tokens: int
    used: int
    budget: int


@dataclass(frozen=True, slots=True)
class Room:
    """The room in a prompt beside the persona. `limit` in the model's tokens, `budget` the same in counted tokens."""

    spec: ModelSpec
    limit: int

    @property
    def budget(self) -> int:
        return math.floor(self.limit / self.spec.factor)

    def tokens(self, counted: int) -> int:
        """Counted tokens as the model's own, rounded up."""
        return math.ceil(counted * self.spec.factor)


def reserved_for(spec: ModelSpec) -> int:
    """Tokens of the window that a prompt leaves to the answer."""
    return min(spec.max_output, spec.window // OUTPUT_SHARE)


def room_for(spec: ModelSpec, most: int, persona: int) -> Room:
    """The room that *spec* leaves when a prompt may have *most* tokens and the persona is *persona* counted tokens."""
    reserved = reserved_for(spec)
    margin = EXACT_MARGIN if spec.exact else math.ceil(spec.window * ESTIMATED_MARGIN)
    framed = math.ceil((persona + MESSAGE_FRAME.of(spec.encoding)) * spec.factor) + PROMPT_FRAME
    return Room(spec, max(0, min(most, spec.window - reserved) - framed - margin))


def cut_at(total: int, budget: int, keep: float) -> int:
    """The running total before which messages fall out, for a branch of *total* tokens. A multiple of the step
    ``(1 - keep) * budget``; never falls as the branch grows; leaves at most *budget* tokens."""
    if total <= budget:
        return 0
    step = max(1, math.floor((1 - keep) * budget))
    return step * math.ceil((total - budget) / step)


def kept_from(path: Sequence[Message], cut: int, encoding: Encoding) -> int:
    """The index in *path* of the first message that stays: a question that begins at or after *cut*, so a question and
    its answer stay or go together and a message that straddles the cut goes."""
    for index, message in enumerate(path):
        if message.role is Role.USER and message.total.of(encoding) - message.own.of(encoding) >= cut:
            return index
    return len(path)


def fit(path: Sequence[Message], question: int, room: Room, keep: float) -> tuple[Message, ...]:
    """The messages of *path* that stay before a question of *question* counted tokens."""
    encoding = room.spec.encoding
    before = path[-1].total.of(encoding) if path else 0
    cut = cut_at(before + question, room.budget, keep)
    return tuple(path[kept_from(path, cut, encoding) :])


def named(author: str) -> str:
    """A speaker's name as the model reads it: on one line, and nothing that ends a name."""
    return " ".join(tidy(author).replace(":", " ").split())[:AUTHOR_LENGTH]


def rendered(author: str, text: str) -> str:
    """A user's text as the model reads it: with the speaker's name where several people speak."""
    name = named(author)
    return f"{name}: {text}" if name else text


def quoted(text: str) -> str:
    """What somebody else wrote, for the background of a question: each line is marked, so that none can pass for the
    question, for a speaker or for what frames it."""
    return "\n".join(f"> {line}" for line in tidy(text).splitlines())


def remark(author: str, text: str) -> str:
    """As `quoted`, with the speaker's name and on one line, so that a list of them holds no line but theirs."""
    return quoted(rendered(named(author) or "?", " ".join(tidy(text).split())))


def prompt_of(persona: str, kept: Sequence[Message], question: Message, background: str) -> Prompt:
    """The persona first and unchanged from turn to turn; what changes (the background) goes last, with the question.
    `Prompt.tokens` is left to the caller, who knows the model."""
    asked = rendered(question.author, question.text)
    if background:
        asked = f"{background}\n\n{asked}"
    earlier = (PromptMessage(message.role.value, rendered(message.author, message.text)) for message in kept)
    system = (PromptMessage("system", persona),) if persona else ()
    return Prompt((*system, *earlier, PromptMessage("user", asked)))


def used_by(kept: Sequence[Message], encoding: Encoding) -> int:
    """Counted tokens of the messages that stay."""
    return sum(message.own.of(encoding) for message in kept)


def continued(prompt: Prompt, so_far: str, request: str) -> Prompt:
    """The prompt that asks the model to go on after *so_far*."""
    more = (PromptMessage("assistant", so_far), PromptMessage("user", request))
    return replace(prompt, messages=prompt.messages + more)

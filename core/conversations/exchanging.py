"""What a turn adds to the history, and what was used for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.conversations.asking import Asking
from core.conversations.context import MESSAGE_FRAME
from core.domain import Exchange, Finish, Message, Role, TextPart, Turn, Usage, answer_id
from core.ports import Clock, Models, TokenCounter


@dataclass(frozen=True, slots=True)
class Books:
    """Makes messages of what was asked and written, with their counts."""

    models: Models
    counter: TokenCounter
    clock: Clock

    def exchange(self, turn: Turn, question: Message, asking: Asking, seen: str, *, stopped: bool) -> Exchange:
        """*seen*: what of the answer is to be kept. stopped: somebody ended it."""
        own = MESSAGE_FRAME + self.counter.count(seen)
        answer = Message(
            id=answer_id(turn.id),
            parent=question.id,
            role=Role.ASSISTANT,
            parts=(TextPart(seen),),
            at=self.clock.now(),
            own=own,
            total=question.total + own,
            model=asking.model,
            finish=Finish.STOPPED if stopped else asking.finish,
            usage=self.used(asking),
        )
        return Exchange(None if turn.incoming.again is not None else question, answer)

    def used(self, asking: Asking) -> Usage:
        """A call that was ended by us reports nothing; the provider bills it all the same, so it is estimated."""
        if not asking.calling:
            return asking.usage
        spec = self.models.get(asking.model).spec
        written, known = self.counter.count(asking.text), self.counter.count(asking.before)
        new = MESSAGE_FRAME.of(spec.encoding) + written.of(spec.encoding) - known.of(spec.encoding)
        read = asking.prompt.tokens + round(known.of(spec.encoding) * spec.factor)
        call = Usage(prompt=read, completion=round(new * spec.factor))
        cost = spec.price.of(call) if spec.price else None
        return asking.usage + replace(call, cost=cost)

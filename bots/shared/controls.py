"""Which buttons stand under an answer; how they look is the adapter's matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bots.shared.surface import Action, Control
from core.domain import Answer, Finish, MessageId, Role, Turn, answer_id, question_id
from core.ports import History


class Controls:
    def __init__(self, history: History) -> None:
        self._history = history

    def writing(self, turn: Turn) -> tuple[Control, ...]:
        return (Control(Action.STOP, answer_id(turn.id)),)

    async def failed(self, turn: Turn) -> tuple[Control, ...]:
        """Retry, and the way back to the answers that the question has already: the failed one comes after them. Raises
        StoreError."""
        here = turn.incoming.show or answer_id(turn.id)
        return (Control(Action.RETRY, here), *await self._siblings(turn, turn.incoming.again, here))

    async def answered(self, turn: Turn, answer: Answer) -> tuple[Control, ...]:
        """Retry, Continue where the answer stopped for length, and the way to its siblings. Raises StoreError."""
        controls = [Control(Action.RETRY, answer.id)]
        if answer.finish is Finish.LENGTH:
            controls.append(Control(Action.CONTINUE, answer.id))
        return (*controls, *await self._siblings(turn, await self._question(turn), answer.id))

    async def _question(self, turn: Turn) -> MessageId | None:
        """None where only this turn can have answered it: a read less before the last words are written."""
        incoming = turn.incoming
        if incoming.show is None:
            return incoming.again or (question_id(turn.id) if turn.requeued else None)
        shown = await self._history.message(incoming.conversation, incoming.show)
        return shown.parent if shown else None

    async def _siblings(self, turn: Turn, question: MessageId | None, here: MessageId) -> list[Control]:
        """The answer before this one, this one and the one after it; nothing where it is the only one."""
        if question is None:
            return []
        messages = await self._history.children(turn.incoming.conversation, question)
        kept = [message.id for message in messages if message.role is Role.ASSISTANT]
        answers = kept if here in kept else [*kept, here]
        if answers == [here]:
            return []
        at = answers.index(here)
        near = range(max(0, at - 1), min(len(answers), at + 2))
        return [Control(Action.SHOW, answers[index], index + 1, len(answers)) for index in near]


@dataclass(frozen=True, slots=True)
class Siblings:
    """‹ number/count ›. earlier, later: the answers on either side of the one shown; None at the ends."""

    number: int
    count: int
    earlier: MessageId | None = None
    later: MessageId | None = None


def siblings(controls: Sequence[Control]) -> Siblings | None:
    """What the SHOW controls among *controls* say of the answer that the first of them all is about; None where it has no
    siblings."""
    near = {control.number: control for control in controls if control.action is Action.SHOW}
    here = next((control for control in near.values() if control.message == controls[0].message), None)
    if here is None:
        return None
    around = [near[number].message if number in near else None for number in (here.number - 1, here.number + 1)]
    return Siblings(here.number, here.count, *around)

"""Which buttons stand under an answer; how they look is the adapter's matter."""

from __future__ import annotations

from bots.shared.surface import Action, Control
from core.domain import Answer, Finish, Role, Turn, answer_id
from core.ports import History


class Controls:
    def __init__(self, history: History) -> None:
        self._history = history

    def writing(self, turn: Turn) -> tuple[Control, ...]:
        return (Control(Action.STOP, answer_id(turn.id)),)

    def failed(self, turn: Turn) -> tuple[Control, ...]:
        return (Control(Action.RETRY, answer_id(turn.id)),)

    async def answered(self, turn: Turn, answer: Answer) -> tuple[Control, ...]:
        """Retry, Continue where the answer stopped for length, and the way to its siblings. Raises StoreError."""
        controls = [Control(Action.RETRY, answer.id)]
        if answer.finish is Finish.LENGTH:
            controls.append(Control(Action.CONTINUE, answer.id))
        if turn.incoming.again is not None:  # only a question asked again has several answers
            controls += await self._siblings(turn, answer)
        return tuple(controls)

    async def _siblings(self, turn: Turn, answer: Answer) -> list[Control]:
        """The answer before this one, this one and the one after it; nothing where it is the only one."""
        messages = await self._history.children(turn.incoming.conversation, turn.incoming.again)
        answers = [message.id for message in messages if message.role is Role.ASSISTANT]
        if answer.id not in answers or answers == [answer.id]:
            return []
        here = answers.index(answer.id)
        near = range(max(0, here - 1), min(len(answers), here + 2))
        return [Control(Action.SHOW, answers[index], index + 1, len(answers)) for index in near]

"""Whatever is asked, retried, shown and edited in whatever order: each message of the platform shows what was put there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import MessageId, Ref, Turn, answer_id, question_id, turn_of
from core.ports import Outcome, Store
from core.stores.opening import open_store
from tests.contracts.making import CHAT, asked, claimed, exchange
from tests.support.clock import ManualClock

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "fail", "retry", "retry below", "retry in vain", "show", "edit"]),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
    max_size=12,
)


@dataclass
class Screen:
    """What people see. shows: the answer in each message of the bot's. together: which turn wrote or took it over.
    answers: the kept ones of each question."""

    shows: dict[Ref, MessageId] = field(default_factory=dict)
    together: dict[Ref, str] = field(default_factory=dict)
    answers: dict[MessageId, list[MessageId]] = field(default_factory=dict)

    def beside(self, ref: Ref) -> list[Ref]:
        return [other for other, turn in self.together.items() if turn == self.together[ref]]

    def about(self, question: MessageId, failed: MessageId | None) -> list[Ref]:
        """The messages that an edit of *question* takes over. failed: the newest error, if it was a retry's."""
        own = {*self.answers[question], answer_id(turn_of(question))}
        return [ref for ref, shown in self.shows.items() if shown in own or shown == failed]


class Chat:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.screen = Screen()
        self.count = 0

    async def take(self, step: str, one: int, other: int) -> None:
        self.count += 1
        screen, event = self.screen, str(self.count)
        fields: dict[str, Any] = {"ref": f"q:{event}"}
        taken: Iterable[Ref] = ()
        if step not in {"ask", "fail"}:
            if not screen.answers:
                return
            question = list(screen.answers)[one % len(screen.answers)]
            refs = list(screen.shows)
            under = refs[other % len(refs)]
            if step == "edit":
                fields |= {"revises": f"q:{turn_of(question)}"}
                taken = screen.about(question, await self._failed(question))
            elif step == "show":
                shown = screen.answers[question][other % len(screen.answers[question])]
                fields, taken = {"show": shown, "replaces": under}, screen.beside(under)
            else:
                fields = {"again": question}
                if step != "retry below":
                    fields["replaces"], taken = under, screen.beside(under)
        await self.store.put(asked(event, **fields))
        turn = await claimed(self.store)
        assert set(turn.shown) == set(taken)
        await self._write(turn, failing=step in {"fail", "retry in vain"})

    async def _failed(self, question: MessageId) -> MessageId | None:
        failed = (await self.store.conversation(CHAT)).failed
        return answer_id(failed.event_id) if failed and failed.again == question else None

    async def _write(self, turn: Turn, *, failing: bool) -> None:
        screen, incoming = self.screen, turn.incoming
        refs = turn.shown or (Ref(f"a:{turn.id}"),)
        for ref in refs:
            await self.store.remember(turn, ref)
            screen.shows[ref] = incoming.show or answer_id(turn.id)
            screen.together[ref] = turn.id
        if incoming.show is None and not failing:
            await self.store.commit(turn, await exchange(self.store, turn))
            question = incoming.again or question_id(turn.id)
            screen.answers.setdefault(question, []).append(answer_id(turn.id))
        await self.store.finish(turn, Outcome.FAILED if failing else Outcome.ANSWERED)

    async def check(self) -> None:
        shows = self.screen.shows
        assert {ref: await self.store.shown_as(CHAT, ref) for ref in shows} == shows
        for message in set(shows.values()):
            refs = await self.store.refs(CHAT, message)
            assert sorted(refs) == sorted(ref for ref, shown in shows.items() if shown == message)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_each_message_shows_what_was_put_there(steps: list[tuple[str, int, int]]) -> None:
    async def story() -> None:
        async with open_store("sqlite://", ManualClock()) as store:
            chat = Chat(store)
            for step in steps:
                await chat.take(*step)
                await chat.check()

    asyncio.run(story())

"""Whatever is asked, edited, taken back and asked again: the history stays a tree, and contexts stay paths in it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import Encoding, Exchange, Message, MessageId
from core.ports import Outcome, Store
from core.stores.opening import open_store
from tests.contracts.making import CHAT, OTHER, asked, claimed, exchange
from tests.support.clock import ManualClock

WHOLE = 1_000_000  # tokens

STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["ask", "fail", "new", "undo", "elsewhere"]), st.just(0)),
        st.tuples(st.sampled_from(["reply", "retry", "edit", "show"]), st.integers(0, 20)),
    ),
    max_size=15,
)


@dataclass
class Model:
    """The tree as it must be: who follows whom, and where the conversation stands."""

    head: MessageId | None = None
    parents: dict[MessageId, MessageId | None] = field(default_factory=dict)

    def keep(self, exchange: Exchange) -> None:
        for message in (exchange.question, exchange.answer):
            if message is not None:
                self.parents[message.id] = message.parent
        if exchange.question is None:
            self.choose(exchange.answer.id)
        else:
            self.head = exchange.answer.id

    def choose(self, answer: MessageId) -> None:
        """Only from its question, or from another answer to that."""
        question = self.parents[answer]
        if self.head is not None and question in {self.head, self.parents[self.head]}:
            self.head = answer

    def branch(self, leaf: MessageId | None) -> list[MessageId]:
        found: list[MessageId] = []
        while leaf is not None:
            found.append(leaf)
            leaf = self.parents[leaf]
        return found[::-1]


class Chat:
    """One conversation, taken step by step in the store and in the model."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.model = Model()
        self.count = 0

    async def take(self, step: str, choice: int) -> None:
        self.count += 1
        if step in {"ask", "fail"}:
            await self._answer(self.model.head, failing=step == "fail")
        elif step in {"new", "undo"}:
            await self._move(step)
        elif step == "elsewhere":
            await self.store.move(OTHER, None)
        elif self.model.parents:
            await (self._show(choice) if step == "show" else self._point_back(step, choice))

    async def _show(self, choice: int) -> None:
        answers = [message for message in self.model.parents if message.endswith("/a")]
        answer = answers[choice % len(answers)]
        await self.store.put(asked(str(self.count), show=answer))
        turn = await claimed(self.store)
        assert turn.parent == answer
        kept = await self.store.message(CHAT, answer)
        assert kept is not None
        await self.store.choose(turn, kept)
        self.model.choose(answer)
        await self.store.finish(turn, Outcome.ANSWERED)

    async def _move(self, step: str) -> None:
        head = self.model.head
        question = self.model.parents[head] if head and step == "undo" else None
        self.model.head = self.model.parents[question] if question else None
        await self.store.move(CHAT, self.model.head)

    async def _point_back(self, step: str, choice: int) -> None:
        questions = [message for message in self.model.parents if message.endswith("/q")]
        question = questions[choice % len(questions)]
        event = question.removesuffix("/q")
        if step == "retry":
            await self._answer(question, again=question)
        elif step == "edit":
            await self._answer(self.model.parents[question], revises=f"q:{event}")
        else:
            await self._answer(question, reply_to=f"q:{event}")

    async def _answer(self, parent: MessageId | None, *, failing: bool = False, **fields: str) -> None:
        event = str(self.count)
        await self.store.put(asked(event, ref=f"q:{event}", **fields))
        turn = await claimed(self.store)
        assert turn.parent == parent
        if not failing:
            both = await exchange(self.store, turn)
            await self.store.commit(turn, both)
            self.model.keep(both)
        await self.store.finish(turn, Outcome.FAILED if failing else Outcome.ANSWERED)

    async def check(self) -> None:
        kept = {message.id: message for message in await self.store.messages(CHAT)}
        assert {message.id: message.parent for message in kept.values()} == self.model.parents
        assert (await self.store.conversation(CHAT)).head == self.model.head
        for leaf in kept:
            path = await self.store.path(CHAT, leaf, Encoding.O200K, WHOLE)
            assert [message.id for message in path] == self.model.branch(leaf)
        for parent in [None, *kept]:
            children = await self.store.children(CHAT, parent)
            assert [message.id for message in children] == [
                message for message, above in self.model.parents.items() if above == parent
            ]
        await self._check_windows(kept)
        assert await self.store.messages(OTHER) == ()

    async def _check_windows(self, kept: dict[MessageId, Message]) -> None:
        whole = [kept[message] for message in self.model.branch(self.model.head)]
        for window in (1, 15, 20, 21, 50, 100):
            path = await self.store.path(CHAT, self.model.head, Encoding.CL100K, window)
            assert list(path) == [
                message for message in whole if message.total.cl100k > whole[-1].total.cl100k - window
            ]


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_the_history_stays_a_tree(steps: list[tuple[str, int]]) -> None:
    async def story() -> None:
        async with open_store("sqlite://", ManualClock()) as store:
            chat = Chat(store)
            for step, choice in steps:
                await chat.take(step, choice)
            await chat.check()

    asyncio.run(story())

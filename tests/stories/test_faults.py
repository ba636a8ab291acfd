"""Whatever a model's server does, the user reads a whole answer or one short sentence. Printed as a table by ``pytest -s``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.conversations.access import Access
from core.conversations.admitting import Admission
from core.conversations.asking import AskingPolicy
from core.conversations.personas import Persona, Personas
from core.conversations.service import Conversations, ConversationSettings, World
from core.domain import Incoming, PersonId, Sender, TextPart, TurnId
from core.errors import ModelError, ModelStalled
from core.llm.tokens import OpenAITokens
from core.ports import LanguageModel
from core.stores.opening import open_store
from core.wording import say
from tests.support.bot import CHAT, LANE, Notes, unlimited
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock
from tests.support.completions import CompletionsServer, Play, answer, refuse, stall, whole
from tests.support.faults import BEGUN, FAULTS
from tests.support.models import model_on

ATTEMPTS = 3
ANSWER = "Hello there."
EVERY: dict[str, tuple[Play, type[ModelError]]] = {
    **FAULTS,
    "silence before the first word": (stall(), ModelStalled),
    "silence in the middle": (stall(*BEGUN), ModelStalled),
}


@dataclass(frozen=True)
class Only:
    """`Models` with one model."""

    model: LanguageModel

    def names(self) -> Sequence[str]:
        return (self.model.spec.id,)

    def get(self, name: str) -> LanguageModel:  # noqa: ARG002  # there is no other
        return self.model


async def asked(folder: Path, server: CompletionsServer) -> tuple[Notes, list[str]]:
    """What a user who asks gets to see, and what is kept."""
    clock = ManualClock()
    store_url = f"sqlite:///{folder}/parlour.db"
    async with model_on(server, clock) as model, open_store(store_url, clock) as store:
        admission = Admission(store, clock, Access())
        world = World(store, unlimited(store, clock), Only(model), OpenAITokens(), clock, EvenChance(), admission)
        settings = ConversationSettings(asking=AskingPolicy(attempts=ATTEMPTS))
        conversations = Conversations(world, Personas([Persona("assistant", "Be kind.")]), settings)
        sender = Sender(PersonId("test:1"))
        await store.put(Incoming(TurnId("test:1"), CHAT, LANE, sender, (TextPart("Hello"),), clock.now()))
        turn = await store.claim([LANE], 3600.0)
        assert turn is not None
        notes = Notes()
        answering = asyncio.create_task(conversations.answer(turn, notes))
        while not answering.done():
            await clock.advance(0.5)
            await asyncio.sleep(0.004)
        await store.finish(turn, answering.result())
        return notes, [message.text for message in await store.messages(CHAT)]


@pytest.mark.parametrize("fault", EVERY)
async def test_a_fault_that_passes_costs_nothing_and_one_that_stays_is_told(fault: str, tmp_path: Path) -> None:
    play, error = EVERY[fault]
    outcomes = []
    for times in (1, ATTEMPTS):
        folder = tmp_path / str(times)
        async with CompletionsServer() as server:
            server.plan(*[play] * times)
            notes, kept = await asked(folder, server)
            outcomes.append(notes.final or say(notes.problem.sentence, "en", **notes.problem.values))  # type: ignore[union-attr]  # one of them is there
            assert len(server.requests) == (min(times + 1, ATTEMPTS) if error.retryable else 1)
            assert kept == (["Hello", notes.final] if notes.final else [])
    sentence = say(error.sentence, "en", model="gpt-5-mini")
    assert outcomes == [ANSWER if error.retryable else sentence, sentence]
    print(f"\n| {fault} | once: {outcomes[0]} | always: {outcomes[1]} |")  # noqa: T201  # the table


async def test_a_refused_parameter_is_left_out_and_the_answer_comes(tmp_path: Path) -> None:
    async with CompletionsServer(refuses={"stream_options"}) as server:
        notes, _ = await asked(tmp_path, server)
        assert notes.final == ANSWER
        assert "stream_options" not in server.bodies[-1]


async def test_an_answer_that_stops_for_length_is_continued(tmp_path: Path) -> None:
    async with CompletionsServer() as server:
        server.plan(answer("Hello", finish="length"), answer(" there."))
        assert (await asked(tmp_path, server))[0].final == ANSWER


async def test_a_window_smaller_than_we_thought_is_learnt_from_the_servers_error(tmp_path: Path) -> None:
    refusal = refuse(
        400,
        "This model's maximum context length is 4096 tokens.",
        "invalid_request_error",
        code="context_length_exceeded",
    )
    async with CompletionsServer() as server:
        server.plan(refusal)
        assert (await asked(tmp_path, server))[0].final == ANSWER


async def test_the_time_a_server_asks_for_is_waited(tmp_path: Path) -> None:
    async with CompletionsServer() as server:
        server.plan(refuse(429, "Slow down", "requests", code="rate_limit_exceeded", retry_after="30"))
        assert (await asked(tmp_path, server))[0].final == ANSWER


async def test_a_server_that_does_not_stream_is_read_all_the_same(tmp_path: Path) -> None:
    body = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
    }
    async with CompletionsServer() as server:
        server.plan(whole(body))
        assert (await asked(tmp_path, server))[0].final == ANSWER

"""What moderation costs whoever waits: from the question to the first words and to the whole answer, beside the same answers
unmoderated.

    python -m bench.moderation_delay

Model and moderation service are on loopback, asked over HTTP with the real client; the model says 50 words a second, in
sentences of ten. A service that is far away is imitated by a latency that it waits before each verdict.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import structlog

from bench._speaking import WORD_TIME, Speaker, settings
from bots import wiring
from core.config import parse_config
from core.domain import Answer, ConversationId, Incoming, PersonId, Sender, TextPart, TurnId
from core.errors import ChatError
from core.ports import Outcome
from tests.support.completions import MODERATIONS, CompletionsServer, Wire, whole

LATENCIES = (0.0, 0.1, 0.3)
"""Seconds."""
LENGTHS = (30, 120, 360)
"""Words of an answer."""
QUESTIONS = 5
LANE, LEASE = "bench", 600.0


@dataclass
class Onlooker:
    """A reply that notes when the first words came, and when the last."""

    seen: list[float] = field(default_factory=list)

    def draft(self, text: str) -> None:
        del text
        self.seen.append(time.monotonic())

    def wait(self, place: int) -> bool:
        """There is no line here."""
        del place
        return True

    async def finish(self, answer: Answer) -> None:
        del answer
        self.seen.append(time.monotonic())

    async def fail(self, problem: ChatError) -> None:
        raise problem


async def measure(words: int, moderation: str, latency: float) -> tuple[float, float, float]:
    """Seconds to the first words and to the whole answer, at the median, and how many checks an answer took."""
    async with CompletionsServer() as model:
        with tempfile.TemporaryDirectory() as folder:
            config = parse_config(settings(Path(folder), model, moderation), {})
            async with wiring.house(config) as here:
                delays = [await ask(here, model, text_of(words), latency) for _ in range(QUESTIONS + 1)]
        checks = sum(request.path == MODERATIONS for request in model.requests) / (QUESTIONS + 1)
    firsts, wholes = zip(*delays[1:], strict=True)  # the first one opens the connections
    return median(firsts), median(wholes), checks


async def ask(here: wiring.House, model: CompletionsServer, text: str, latency: float) -> tuple[float, float]:
    async def judge(wire: Wire) -> None:
        await asyncio.sleep(latency)
        await whole(model.judge.verdict(wire.request.body))(wire)

    model.checks[:] = [judge] * 1000
    model.plan(Speaker(text).play)
    name = here.chance.name()
    asked, parts = Sender(PersonId("bench:1")), (TextPart("Speak."),)
    began, onlooker = time.monotonic(), Onlooker()
    await here.store.put(Incoming(TurnId(name), ConversationId(f"bench:{name}"), LANE, asked, parts, here.clock.now()))
    turn = await here.store.claim([LANE], LEASE)
    assert turn is not None
    assert await here.conversations.answer(turn, onlooker) is Outcome.ANSWERED
    await here.store.finish(turn, Outcome.ANSWERED)
    return onlooker.seen[0] - began, onlooker.seen[-1] - began


def text_of(words: int) -> str:
    """In sentences of ten words."""
    return " ".join(f"word{number}" + ("." if number % 10 == 9 else "") for number in range(words))


async def main() -> None:
    for words in LENGTHS:
        first, last, _ = await measure(words, "", 0.0)
        print(
            f"{words} words, spoken in {words * WORD_TIME:.1f} s: first words {first:.2f} s, whole answer {last:.2f} s"
        )
        for latency in LATENCIES:
            firsts, wholes, checks = await measure(words, "moderation: {provider: openai}", latency)
            print(
                f"  moderated, {latency * 1000:3.0f} ms a check, {checks:.0f} checks: first words {firsts:.2f} s "
                f"({firsts / first:.1f} times), whole answer {wholes:.2f} s ({wholes / last:.2f} times)"
            )


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(main())

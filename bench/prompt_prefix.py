"""How much of each prompt is an unchanged prefix of the previous request, which providers bill at a fraction.

    python -m bench.prompt_prefix

A 200-turn conversation with an 8,000-token budget runs through the real service and store; the model is scripted. Beside
the stepwise cut stands the sliding window that most bots use (drop the oldest messages until the rest fits).
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clock import SystemClock
from core.conversations.context import MESSAGE_FRAME
from core.conversations.service import ConversationSettings
from core.domain import Encoding, Prompt, PromptMessage
from core.llm.scripted import spoken
from core.llm.tokens import OpenAITokens
from tests.support.bot import open_bot

TURNS = 200
BUDGET = 8_000
CACHED_PRICE = 0.1
WORDS = [
    "answer",
    "question",
    "river",
    "house",
    "because",
    "under",
    "seven",
    "light",
    "number",
    "people",
    "water",
    "often",
]


@dataclass(frozen=True, slots=True)
class Bill:
    """Tokens of all prompts, and those of them that the previous prompt began with."""

    tokens: int = 0
    prefix: int = 0

    @property
    def share(self) -> float:
        return self.prefix / self.tokens

    @property
    def cost(self) -> float:
        return self.tokens - self.prefix + CACHED_PRICE * self.prefix


def bill(prompts: Sequence[Sequence[PromptMessage]]) -> Bill:
    counter = OpenAITokens()

    def size(messages: Sequence[PromptMessage]) -> int:
        return sum(counter.count(message.content).o200k + MESSAGE_FRAME.o200k for message in messages)

    tokens = prefix = 0
    before: Sequence[PromptMessage] = ()
    for prompt in prompts:
        same = 0
        while same < min(len(before), len(prompt)) and before[same] == prompt[same]:
            same += 1
        tokens += size(prompt)
        prefix += size(prompt[:same])
        before = prompt
    return Bill(tokens, prefix)


def sliding(prompts: Sequence[Prompt], answers: Sequence[str]) -> list[list[PromptMessage]]:
    """The same conversation as a sliding window would have sent it."""
    counter = OpenAITokens()
    persona = prompts[0].messages[0]
    history: list[PromptMessage] = []
    sent = []
    for prompt, answer in zip(prompts, answers, strict=True):
        history.append(prompt.messages[-1])
        kept, used = 0, counter.count(persona.content).o200k
        while kept < len(history):
            used += counter.count(history[-1 - kept].content).o200k + MESSAGE_FRAME.o200k
            if used > BUDGET:
                break
            kept += 1
        sent.append([persona, *history[len(history) - kept :]])
        history.append(PromptMessage("assistant", answer))
    return sent


async def converse(folder: Path) -> tuple[list[Prompt], list[str]]:
    """The prompts that the service sent, and the answers it got."""
    chance = random.Random(1)
    answers = []
    settings = ConversationSettings(context_tokens=BUDGET)
    async with open_bot(folder, SystemClock(), settings=settings) as bot:
        model = bot.models.get("")
        for _ in range(TURNS):
            answers.append(" ".join(chance.choices(WORDS, k=chance.randint(40, 400))))
            await bot.tell(" ".join(chance.choices(WORDS, k=chance.randint(5, 60))), spoken(answers[-1]))
        return model.prompts, answers


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        prompts, answers = asyncio.run(converse(Path(folder)))
    longest = max(prompt.tokens for prompt in prompts)
    stepwise = bill([prompt.messages for prompt in prompts])
    window = bill(sliding(prompts, answers))
    print(f"{TURNS} turns, budget {BUDGET} tokens, longest prompt {longest} tokens in {Encoding.O200K}")
    print(f"unchanged prefix: stepwise cut {stepwise.share:.0%}, sliding window {window.share:.0%}")
    print(
        f"input cost at a cached price of {CACHED_PRICE:.0%}: {stepwise.cost / window.cost:.2f} of the sliding window's"
    )


if __name__ == "__main__":
    main()

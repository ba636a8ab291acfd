"""How often the built-in model knows a name that it was told one message before, and again in the message after that.

    python -m bench.name_recall

Twenty names, each in a conversation of its own, without a bot around the model.
"""

from __future__ import annotations

import asyncio

from core.clock import SystemClock
from core.config import load
from core.domain import Prompt, PromptMessage
from core.llm.catalogue import open_models
from core.ports import LanguageModel
from tests.support.models import KeptFacts

NAMES = (
    "Ada Grace Linus Maria Chen Yuki Omar Priya Lars Fatima Noah Olga Pedro Ingrid Kwame Sofia Hiroshi Zoe Viktor Amara"
)
QUESTION = "What is my name?"


async def answer(model: LanguageModel, messages: list[PromptMessage]) -> str:
    async with model.stream(Prompt(tuple(messages), max_output=60)) as deltas:
        return "".join([piece async for piece in deltas])


async def recalled(model: LanguageModel, persona: str, name: str) -> tuple[bool, bool]:
    messages = [PromptMessage("system", persona)]
    known = []
    for text in (f"My name is {name}.", QUESTION, QUESTION):
        messages.append(PromptMessage("user", text))
        said = await answer(model, messages)
        messages.append(PromptMessage("assistant", said))
        known.append(f"name is {name}" in said)
    return known[1], known[2]


async def measure() -> None:
    config = load()
    models = [model for model in config.models if model.provider == "local"]
    async with open_models(models, {}, KeptFacts(), SystemClock()) as catalogue:
        persona = config.personas[0].prompt
        results = [await recalled(catalogue.get(""), persona, name) for name in NAMES.split()]
    first, second = (sum(column) for column in zip(*results, strict=True))
    print(
        f"of {len(results)} names told, “… name is NAME” was answered {first} times, and {second} times when asked again"
    )


if __name__ == "__main__":
    asyncio.run(measure())

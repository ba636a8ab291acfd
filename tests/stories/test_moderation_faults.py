"""Whatever a moderation service does, the question is answered after it was checked, or not at all; where it is to be let
through, it is answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.config_models import ProviderConfig
from core.config_moderation import ModerationConfig
from core.conversations.moderating import ATTEMPTS, Bench, Moderation, ModerationPolicy
from core.conversations.service import World
from core.errors import ModelError, ModelStalled, NotModerated
from core.llm.moderation import open_moderators
from tests.support.bot import LANE, Notes, open_bot
from tests.support.chance import EvenChance
from tests.support.clock import ManualClock
from tests.support.completions import KEY, CompletionsServer, Play, stall
from tests.support.faults import WHOLE

EVERY: dict[str, tuple[Play, type[ModelError]]] = {**WHOLE, "silence": (stall(head=False), ModelStalled)}
PATIENCE = 300.0
"""Seconds, which pass a hundred times as fast here: a machine that is busy is not a service that says nothing."""
TIMES = {"once": 1, "always": ATTEMPTS}


async def asked(folder: Path, server: CompletionsServer, *, refuses: bool) -> tuple[Notes, int]:
    """What somebody sees who asks, and how many questions reached a model."""
    clock = ManualClock()
    providers = {"vendor": ProviderConfig(base_url=server.url, api_key=SecretStr(KEY))}
    policy = ModerationPolicy(questions=True, refuses=refuses, timeout=PATIENCE)
    async with open_moderators(providers, clock) as moderators:
        bench = Bench(moderators.get(ModerationConfig(provider="vendor")), policy)

        def equip(world: World) -> World:
            return replace(world, moderation=Moderation(clock, EvenChance(), bench=bench))

        async with open_bot(folder, clock, equip=equip) as bot:
            await bot.store.put(bot.incoming("Hello"))
            turn, notes = await bot.store.claim([LANE], 10 * PATIENCE), Notes()
            assert turn is not None
            answering = asyncio.create_task(bot.conversations.answer(turn, notes))
            while not answering.done():
                await clock.advance(0.5)
                await asyncio.sleep(0.004)
            answering.result()
            return notes, len(bot.models.get("").prompts)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("fault", EVERY)
async def test_nothing_unchecked_reaches_a_model(fault: str, times: str, tmp_path: Path) -> None:
    play, error = EVERY[fault]
    async with CompletionsServer() as server:
        server.checks.extend([play] * TIMES[times])
        notes, prompts = await asked(tmp_path, server, refuses=True)
    passes = error.retryable and times == "once" and fault != "silence"  # which lasts as long as a check may take
    assert (notes.final, prompts) == (("You said: Hello", 1) if passes else ("", 0))
    assert passes or isinstance(notes.problem, NotModerated)


@pytest.mark.parametrize("fault", EVERY)
async def test_where_it_is_let_through_the_answer_comes(fault: str, tmp_path: Path) -> None:
    play, _ = EVERY[fault]
    async with CompletionsServer() as server:
        server.checks.extend([play] * ATTEMPTS)
        notes, _ = await asked(tmp_path, server, refuses=False)
    assert notes.final == "You said: Hello"

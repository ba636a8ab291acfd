"""Many answers while Telegram fails in every way it can: all of them arrive, and what is doubled is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clock import until
from tests.support.telegram_bot import bot_on
from tests.support.telegram_crowd import OneOfFive, all_right, ask_all, doubled
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import edits

PEOPLE = 20
SLOW = "extra_body: {delay: 0.05}"
PATIENCE = 30_000


@pytest.mark.parametrize("drafts", ["on", "off"])
@pytest.mark.parametrize("kind", [429, 502, "reset"])
async def test_while_a_fifth_of_all_calls_fails_every_answer_arrives_once(
    kind: int | str, drafts: str, tmp_path: Path
) -> None:
    assert await doubles(OneOfFive(kind), drafts, tmp_path) == 0


async def test_while_a_fifth_of_all_edits_takes_effect_unheard_every_answer_arrives_once(tmp_path: Path) -> None:
    assert await doubles(OneOfFive("lost", edits), "off", tmp_path) == 0


@pytest.mark.parametrize("drafts", ["on", "off"])
async def test_while_a_fifth_of_all_calls_takes_effect_unheard_only_those_messages_are_doubled(
    drafts: str, tmp_path: Path
) -> None:
    trouble = OneOfFive("lost")
    assert 0 < await doubles(trouble, drafts, tmp_path) <= trouble.failed["sendmessage"]


async def doubles(trouble: OneOfFive, drafts: str, folder: Path) -> int:
    """How many messages there are beside one for each answer, once all are answered."""
    async with TelegramServer(faults=[trouble.fault]) as telegram:
        async with bot_on(telegram, folder, f"drafts: {drafts}", SLOW):
            expected = ask_all(telegram, PEOPLE)
            await until(lambda: all_right(telegram, expected) and trouble.at_rest(telegram, PEOPLE), PATIENCE)
        assert not telegram.refused
        return doubled(telegram, expected)

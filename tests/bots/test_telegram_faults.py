"""Many answers while Telegram fails in every way it can: all of them arrive, and what is doubled is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clock import until
from tests.support.telegram_bot import bot_on
from tests.support.telegram_crowd import all_right, ask_all, doubled, failing
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
    async with TelegramServer(faults=[failing(kind)]) as telegram:
        async with bot_on(telegram, tmp_path, f"drafts: {drafts}", SLOW):
            expected = ask_all(telegram, PEOPLE)
            await until(lambda: all_right(telegram, expected), PATIENCE)
        assert doubled(telegram, expected) == 0
        assert not telegram.refused


async def test_while_a_fifth_of_all_edits_takes_effect_unheard_every_answer_arrives_once(tmp_path: Path) -> None:
    async with TelegramServer(faults=[failing("lost", edits)]) as telegram:
        async with bot_on(telegram, tmp_path, "drafts: off", SLOW):
            expected = ask_all(telegram, PEOPLE)
            await until(lambda: all_right(telegram, expected), PATIENCE)
        assert doubled(telegram, expected) == 0
        assert not telegram.refused


async def test_while_a_fifth_of_all_calls_takes_effect_unheard_only_those_messages_are_doubled(tmp_path: Path) -> None:
    async with TelegramServer(faults=[failing("lost")]) as telegram:
        async with bot_on(telegram, tmp_path, model=SLOW):
            expected = ask_all(telegram, PEOPLE)
            await until(lambda: all_right(telegram, expected), PATIENCE)
        unheard = telegram.requests["sendmessage"] - PEOPLE
        assert doubled(telegram, expected) == unheard
        assert not telegram.refused

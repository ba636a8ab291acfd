"""Discord at its worst while many people are answered: everybody gets their answer, whole and once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bots.discord import api
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_crowd import all_right, ask_all, failing
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import creates, edits

PEOPLE = 20
LONG = 20_000
"""Attempts: Discord makes people wait."""


@pytest.mark.parametrize("deed", [creates, edits])
@pytest.mark.parametrize(
    ("kind", "scope"),
    [(502, ""), (429, "user"), (429, "shared"), (429, "global"), ("reset", ""), ("hang", ""), ("lost", "")],
)
async def test_three_of_ten_writes_fail_and_no_answer_does(
    deed: Callable[[str, str], bool], kind: int | str, scope: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "REQUEST_TIME", 0.5)
    async with DiscordServer() as discord, bot_on(discord, tmp_path, model="extra_body: {delay: 0.02}"):
        discord.faults.append(failing(deed, kind, scope))
        expected = ask_all(discord, PEOPLE)
        await until(lambda: all_right(discord, expected), LONG)
        assert not discord.refused
        assert discord.statuses[429] == 0  # none but those that were ordered


async def test_limits_that_others_used_up_bring_the_bot_no_nearer_to_a_ban(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "INVALID_MOST", 1)
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        discord.faults.append(failing(creates, 429, "shared"))
        expected = ask_all(discord, PEOPLE)
        await until(lambda: all_right(discord, expected), LONG)


async def test_a_penalty_for_the_whole_bot_under_load_costs_nobody_an_answer(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path, model="extra_body: {delay: 0.02}"):
        expected = ask_all(discord, PEOPLE)
        await until(lambda: len(discord.writes) > PEOPLE // 2)
        discord.penalise(3.0)
        await until(lambda: all_right(discord, expected), LONG)
        assert discord.statuses[429] < PEOPLE  # what was on its way when the penalty began

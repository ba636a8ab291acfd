"""What Discord is told of the bot's commands, and what the operator is told of the developer portal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bots.checking import check
from bots.discord.menu import definitions
from bots.discord.setup import CODE_GRANT, CONTENT_OFF, ENDPOINT_SET, NO_USERS, NOT_PUBLIC
from core.conversations.commands import COMMANDS
from tests.support.clock import until
from tests.support.discord_bot import bot_on, config_for
from tests.support.discord_rules import check_commands
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import BOT

PUT = f"PUT /applications/{BOT}/commands"
ONLY_SERVERS: dict[str, Any] = {"integration_types_config": {"0": {}}}


async def registered(discord: DiscordServer, folder: Path, times: int) -> None:
    async with bot_on(discord, folder):
        await until(lambda: discord.requests[PUT] == times)


async def test_commands_are_registered_again_only_when_they_changed(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        await registered(discord, tmp_path, 1)
        await registered(discord, tmp_path, 1)
        discord.commands[-1]["name_localizations"] = {}
        await registered(discord, tmp_path, 2)
        discord.commands = [command for command in discord.commands if command["type"] == 1]
        await registered(discord, tmp_path, 3)


async def test_what_is_not_installed_by_users_is_registered_for_servers(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        discord.application |= ONLY_SERVERS
        await registered(discord, tmp_path, 1)
        assert all(command["integration_types"] == [0] for command in discord.commands)
        assert all(command["contexts"] in ([0, 1], [0]) for command in discord.commands)


def test_every_command_is_there_for_servers_and_people_in_both_languages() -> None:
    commands = definitions((0, 1))
    check_commands(commands)
    assert {(command["type"], command["name"]) for command in commands} >= {
        (1, "ask"),
        (1, "new"),
        (1, "model"),
        (3, "Ask about this"),
        (3, "Branch here"),
    }
    everybodys = [command for command in commands if "default_member_permissions" not in command]
    assert all(command["integration_types"] == [0, 1] for command in everybodys)
    assert all(command["contexts"] == [0, 1, 2] for command in everybodys)
    assert all(set(command["name_localizations"]) == {"zh-CN", "zh-TW"} for command in commands)


def test_what_only_admins_may_run_is_shown_to_those_who_run_a_server_alone() -> None:
    for installs in ((0,), (0, 1)):
        made = {command["name"]: command for command in definitions(installs)}
        hidden = {name for name, command in made.items() if command.get("default_member_permissions") == "0"}
        assert hidden == {command.name for command in COMMANDS if command.admin_only}
        assert all((made[name]["contexts"], made[name]["integration_types"]) == ([0], [0]) for name in hidden)
    assert hidden.isdisjoint(command["name"] for command in definitions((1,))), "nothing is installed in a server"


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ({"flags": 0}, CONTENT_OFF),
        ({"interactions_endpoint_url": "https://example.org/discord"}, ENDPOINT_SET),
        ({"bot_public": False}, NOT_PUBLIC),
        ({"bot_require_code_grant": True}, CODE_GRANT),
        (ONLY_SERVERS, NO_USERS),
    ],
)
async def test_check_and_run_name_what_is_off_in_the_portal(
    setting: dict[str, Any], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with DiscordServer(privileged=0 if "flags" in setting else 1 << 15) as discord:
        discord.application |= setting
        assert await check(config_for(discord, tmp_path), None, offline=False) == 0
        assert f"warn   discord                {line}" in capsys.readouterr().out
        async with bot_on(discord, tmp_path) as lines:
            await until(lambda: lines == ["discord: parlour is here; servers: 1", f"discord: {line}"])


async def test_check_says_when_few_gateway_sessions_are_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with DiscordServer() as discord:
        discord.starts |= {"remaining": 9, "reset_after": 7_200_000}
        await check(config_for(discord, tmp_path), None, offline=False)
        assert "9 of 1000 gateway sessions are left for the next 2.0 h" in capsys.readouterr().out


async def test_check_prints_the_link_by_which_people_install_it_for_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = f"https://discord.com/oauth2/authorize?client_id={BOT}&integration_type=1&scope=applications.commands"
    async with DiscordServer() as discord:
        await check(config_for(discord, tmp_path), None, offline=False)
        assert link in capsys.readouterr().out
        discord.application |= ONLY_SERVERS
        await check(config_for(discord, tmp_path), None, offline=False)
        assert link not in capsys.readouterr().out


async def test_a_bot_in_no_server_says_how_to_invite_it(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        discord.gateway.guilds = []
        async with bot_on(discord, tmp_path) as lines:
            await until(lambda: len(lines) == 2)
        assert lines[0] == "discord: parlour is here; servers: 0"
        assert lines[1].startswith(f"discord: invite it: https://discord.com/oauth2/authorize?client_id={BOT}&perm")

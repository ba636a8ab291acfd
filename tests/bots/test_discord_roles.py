"""Roles on Discord, by which lists name people: however they speak, and also when they spoke while nobody listened."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Config
from core.config_access import AccessConfig
from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.discord_bot import config_for, running
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT, CAROL, FAR, GUILD, STAFF

ME = f"<@{BOT}>"
BLOCKED = say(Sentence.NOT_ALLOWED, "en")
REFUSED = say(Sentence.NOT_LET_IN, "en", id=f"discord:{ADA}")


def for_staff(discord: DiscordServer, folder: Path) -> Config:
    access = AccessConfig(roles=(f"discord:{STAFF}",))
    return config_for(discord, folder).model_copy(update={"access": access})


async def test_who_has_a_listed_role_may_ask_and_nobody_else(tmp_path: Path) -> None:
    async with DiscordServer() as discord, running(discord, for_staff(discord, tmp_path)):
        discord.say(ADA, f"{ME} hello")
        discord.say(CAROL, f"{ME} hello")
        await until(lambda: discord.shown() == [REFUSED, "You said: Carol: hello"])


async def test_roles_come_with_commands_also_where_the_bot_is_not(tmp_path: Path) -> None:
    async with DiscordServer() as discord, running(discord, for_staff(discord, tmp_path)):
        discord.slash(ADA, "new", FAR)
        discord.slash(CAROL, "ask", FAR, question="may I?")
        await until(lambda: discord.private(ADA) == [REFUSED])
        await until(lambda: any("may I?" in text for text in discord.shown(FAR)))


async def test_roles_are_looked_up_for_what_was_said_during_an_absence(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        config = for_staff(discord, tmp_path)
        async with running(discord, config):
            discord.say(CAROL, f"{ME} hello")
            await until(lambda: discord.shown() == ["You said: Carol: hello"])
        discord.say(ADA, f"{ME} are you there?")
        discord.say(CAROL, f"{ME} and now?")
        async with running(discord, config):
            await until(lambda: discord.shown()[1:] == [REFUSED, "You said: Carol: and now?"])
        looked_up = {request: times for request, times in discord.requests.items() if "/members/" in request}
        assert looked_up == {f"GET /guilds/{GUILD}/members/{person}": 1 for person in (ADA, CAROL)}


@pytest.mark.parametrize("mention", ["<@{}>", "<@!{}>", "discord:{}", "{}"])
async def test_an_admin_blocks_whom_they_mention(mention: str, tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        access = AccessConfig(admins=(f"discord:{CAROL}",))
        async with running(discord, config_for(discord, tmp_path).model_copy(update={"access": access})):
            blocking = discord.slash(CAROL, "block", whom=mention.format(ADA))
            await until(lambda: blocking in discord.callbacks)
            assert discord.callbacks[blocking]["data"]["content"] == f"discord:{ADA} is blocked now."
            discord.say(ADA, f"{ME} hello")
            await until(lambda: discord.shown() == [BLOCKED])

"""What admins say on Telegram about people, and who is shown the commands for it."""

from __future__ import annotations

import json
from pathlib import Path

from core.config import Config
from core.config_access import AccessConfig
from core.conversations.commands import COMMANDS
from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.telegram_bot import config_for, running
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, SUPERGROUP

ME = f"@{BOT_NAME}"


def with_admin(telegram: TelegramServer, folder: Path) -> Config:
    """Ada is one."""
    access = AccessConfig(admins=(f"telegram:{ADA}",))
    return config_for(telegram, folder).model_copy(update={"access": access})


async def test_an_admin_blocks_whom_they_reply_to(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, running(telegram, with_admin(telegram, tmp_path)):
        insult = telegram.say(BOB, "nonsense", SUPERGROUP)
        telegram.say(ADA, f"/block{ME}", SUPERGROUP, reply_to=insult)
        await until(lambda: telegram.shown(SUPERGROUP) == [f"telegram:{BOB} is blocked now."])
        telegram.say(BOB, f"{ME} hello", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP)[1:] == [say(Sentence.NOT_ALLOWED, "en")])


async def test_only_admins_are_shown_what_they_alone_may_run(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        async with running(telegram, with_admin(telegram, tmp_path)):
            for person in (ADA, BOB):
                telegram.say(person, "/start")
            await until(lambda: (chat_of(ADA), "zh") in telegram.commands)
            await until(lambda: (json.dumps({"type": "all_group_chats"}), "zh") in telegram.commands)
        shown = {scope: {command["command"] for command in menu} for scope, menu in telegram.commands.items()}
        admins = {command.name for command in COMMANDS if command.admin_only}
        assert admins <= shown[chat_of(ADA), ""]
        assert all(admins.isdisjoint(names) for (scope, _), names in shown.items() if scope != chat_of(ADA))


def chat_of(person: int) -> str:
    """The scope of their private chat."""
    return json.dumps({"chat_id": person, "type": "chat"})


async def test_a_command_with_an_id_is_about_that_one_whoever_is_replied_to(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, running(telegram, with_admin(telegram, tmp_path)):
        said = telegram.say(BOB, "nonsense", SUPERGROUP)
        telegram.say(ADA, f"/block{ME} 77", SUPERGROUP, reply_to=said)
        await until(lambda: telegram.shown(SUPERGROUP) == ["telegram:77 is blocked now."])


async def test_what_was_said_of_somebody_is_taken_back_in_a_reply_to_them(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, running(telegram, with_admin(telegram, tmp_path)):
        insult = telegram.say(BOB, "nonsense", SUPERGROUP)
        telegram.say(ADA, f"/block{ME}", SUPERGROUP, reply_to=insult)
        await until(lambda: len(telegram.shown(SUPERGROUP)) == 1)
        telegram.say(ADA, f"/revoke{ME}", SUPERGROUP, reply_to=insult)
        said = say(Sentence.REVOKE_DONE, "en", id=f"telegram:{BOB}")
        await until(lambda: telegram.shown(SUPERGROUP)[1:] == [said])


async def test_who_is_no_admin_hears_so(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, running(telegram, with_admin(telegram, tmp_path)):
        telegram.say(BOB, "/block 77")
        await until(lambda: telegram.shown(BOB) == [say(Sentence.NOT_ALLOWED, "en")])


async def test_where_nobody_is_an_admin_one_hears_how_to_become_one(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, running(telegram, config_for(telegram, tmp_path)):
        telegram.say(ADA, "/block 77")
        await until(lambda: telegram.shown(ADA) == [say(Sentence.NO_ADMINS, "en", id=f"telegram:{ADA}")])

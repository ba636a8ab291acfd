"""What the operator hears about the bot on Telegram, and what Telegram is told about it."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bots import wiring
from bots.checking import check
from core.tasks import cancelled
from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.telegram_bot import bot_on, config_for, running
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, TOKEN, Fault


async def test_check_says_who_it_is_what_it_hears_and_what_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with TelegramServer(privacy=True) as telegram:
        telegram.say(ADA, "while nobody listens")
        assert await check(config_for(telegram, tmp_path), None, offline=False) == 0
        said = capsys.readouterr().out
        assert "@parlour_bot; updates are asked for (no webhook is set); waiting: 1" in said
        assert "warn   telegram               privacy mode is on" in said
        assert await check(config_for(telegram, tmp_path, token="123:wrong"), None, offline=False) == 1
        assert "error  telegram               Telegram does not know this token" in capsys.readouterr().out
        config = config_for(telegram, tmp_path)
    assert await check(config, None, offline=False) == 1
    assert "error  telegram               Telegram cannot be reached" in capsys.readouterr().out


@pytest.mark.parametrize("token", ["1:x", TOKEN[:-1] + "_"])  # 404 for what is not written as one, else 401
async def test_a_wrong_token_is_one_sentence(token: str, tmp_path: Path) -> None:
    async with TelegramServer() as telegram, running(telegram, config_for(telegram, tmp_path, token=token)) as lines:
        await until(lambda: bool(lines))
        assert lines == ["telegram is off: Telegram does not know this token: copy it again from @BotFather"]


@pytest.mark.parametrize("method", ["getme", "getupdates"])
async def test_where_something_before_telegram_lets_nobody_through_the_page_is_served_all_the_same(
    method: str, tmp_path: Path
) -> None:
    """A proxy's 403, which Telegram itself says of chats alone."""
    async with TelegramServer() as telegram:
        telegram.faults.append(Fault(lambda asked, _: asked == method, 403))
        lines: list[str] = []
        config = config_for(telegram, tmp_path, web="port: 0")
        serving = asyncio.create_task(wiring.serve(config, ["telegram", "web"], lines.append))
        await until(lambda: any(line.startswith("telegram is off: Telegram refused: ") for line in lines))
        await until(lambda: any(line.startswith("web: http") for line in lines))
        assert not serving.done()
        await cancelled(serving)


def told(telegram: TelegramServer) -> int:
    """How often Telegram was told something of the bot."""
    return sum(count for method, count in telegram.requests.items() if method.startswith("setmy"))


async def test_commands_and_profile_are_told_once(tmp_path: Path) -> None:
    private = json.dumps({"type": "all_private_chats"})
    async with TelegramServer() as telegram:
        async with bot_on(telegram, tmp_path):
            await until(lambda: told(telegram) == 8)
            english, chinese = telegram.commands[private, ""], telegram.commands[private, "zh"]
        assert {"command": "new", "description": say(Sentence.HELP_NEW, "en")} in english
        assert {"command": "new", "description": say(Sentence.HELP_NEW, "zh")} in chinese
        assert telegram.profile["short_description", "zh"] == say(Sentence.TELEGRAM_ABOUT, "zh")
        async with bot_on(telegram, tmp_path):
            await until(
                lambda: telegram.requests["getmyshortdescription"] == 4 and telegram.requests["getmycommands"] == 8
            )
            telegram.say(ADA, "hello")
            await until(lambda: telegram.shown(ADA) == ["You said: hello"])
            assert told(telegram) == 8


async def test_an_older_server_is_told_what_it_has_a_place_for(tmp_path: Path) -> None:
    lacks = frozenset({"getmydescription", "getmyshortdescription"})
    with capture_logs() as lines:
        async with TelegramServer(lacks=lacks) as telegram, bot_on(telegram, tmp_path):
            await until(lambda: any(line["event"] == "telegram.introduced" for line in lines))
            assert len(telegram.commands) == 4
    assert [line["event"] for line in lines if line["event"].startswith("telegram.")] == [
        "telegram.older_server",
        "telegram.introduced",
    ]


async def test_of_two_processes_on_one_store_one_asks_and_the_other_takes_over(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, AsyncExitStack() as second:
        async with bot_on(telegram, tmp_path):
            await second.enter_async_context(bot_on(telegram, tmp_path))
            telegram.say(ADA, "one")
            await until(lambda: telegram.shown(ADA) == ["You said: one"])
        telegram.say(ADA, "two")
        await until(lambda: telegram.shown(ADA) == ["You said: one", "You said: two"])
        assert telegram.statuses[409] == 0


async def test_two_processes_on_one_token_the_operator_hears_of_it_and_nothing_is_lost(tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path) as first:
        async with running(telegram, config_for(telegram, second)) as others:
            await until(lambda: any("another process receives" in line for line in [*first, *others]))
        telegram.say(ADA, "hello")
        await until(lambda: telegram.shown(ADA) == ["You said: hello"])

"""Updates that Telegram delivers to the bot instead of being asked for them."""

from __future__ import annotations

import asyncio
import socket
from io import BytesIO
from pathlib import Path

import aiohttp

from bots.telegram.webhook import SECRET_HEADER
from tests.support.clock import until
from tests.support.telegram_bot import bot_on, config_for, running
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA
from tests.support.web import listening

SECRET = "a-secret_of_ours"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def webhook_at(port: int) -> str:
    return f'webhook: {{url: "http://127.0.0.1:{port}/hook", secret: "{SECRET}", port: {port}}}'


async def status_of(port: int, body: bytes, secret: str | None = SECRET) -> int:
    headers = {SECRET_HEADER: secret} if secret is not None else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/hook", data=BytesIO(body), headers=headers) as response,
    ):
        return response.status


async def test_what_is_delivered_is_answered_and_what_waited_too(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        telegram.say(ADA, "while nobody listened")
        async with bot_on(telegram, tmp_path, webhook_at(free_port())):
            telegram.say(ADA, "hello")
            await until(lambda: telegram.shown(ADA) == ["You said: while nobody listened", "You said: hello"])
            assert telegram.updates.delivered == [200, 200]
        async with bot_on(telegram, tmp_path) as lines:  # and back to asking
            telegram.say(ADA, "again")
            await until(lambda: telegram.shown(ADA)[2:] == ["You said: again"])
            assert any("the webhook that was set is removed" in line for line in lines)


async def test_only_telegram_can_deliver(tmp_path: Path) -> None:
    port = free_port()
    update = b'{"update_id": 1, "message": {"message_id": 1}}'
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, webhook_at(port)):
        assert await status_of(port, update, None) == 403
        assert await status_of(port, update, "wrong") == 403
        assert await status_of(port, b"x" * 10_000_000, "wrong") == 403
        assert await status_of(port, b"x" * 10_000_000) == 413
        assert await status_of(port, b"no json") == 400
        assert await status_of(port, b"[" * 100_000) == 400
        assert await status_of(port, update) == 200  # unreadable, and gone
        assert await status_of(port, b'{"update_id": 2, "something_new": {}}') == 200
        telegram.say(ADA, "hello")
        await until(lambda: telegram.shown(ADA) == ["You said: hello"])


async def test_a_secret_that_is_no_text_is_a_wrong_one(tmp_path: Path) -> None:
    port = free_port()
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, webhook_at(port)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /hook HTTP/1.1\r\nHost: here\r\n%b: \xff\xfe\r\nContent-Length: 0\r\n\r\n" % SECRET_HEADER.encode()
        )
        assert b" 403 " in await reader.readline()
        writer.close()


async def test_where_the_page_is_served_its_port_takes_deliveries_too(tmp_path: Path) -> None:
    port = free_port()
    hook = f'webhook: {{url: "http://127.0.0.1:{port}/hook", secret: "{SECRET}"}}'
    async with TelegramServer() as telegram:
        config = config_for(telegram, tmp_path, hook, web=f"port: {port}, token: not-for-telegram")
        async with running(telegram, config, "web") as lines:
            assert (
                f"telegram: updates are delivered to http://127.0.0.1:{port}/hook, here the web page's port, /hook"
                in lines
            )
            await listening(port)
            telegram.say(ADA, "hello")
            await until(lambda: telegram.shown(ADA) == ["You said: hello"])
            assert await status_of(port, b"{}", "wrong") == 403
            assert await status_of(port, b"x" * 10_000_000) == 413
            assert telegram.updates.delivered == [200]

"""What people send along on Discord, as the model reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bots.shared.attachments import LARGEST, decoded
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT

ME = f"<@{BOT}>"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "naïve 你好 🙂"),
        ("utf-8-sig", "naïve"),
        ("utf-16", "naïve 你好"),
        ("utf-16-le", "Plain text without a mark, line after line"),
        ("utf-32", "naïve 你好"),
        ("cp1252", "Die Größe der Straße ist für Füße schön; übermäßig."),
        ("cp1250", "Dnes je krásné počasí a děti si hrají na zahradě před školou."),
        ("cp1251", "Привет, мир! Это небольшой текст о погоде в городе."),
        ("gb18030", "你好，世界。这是一段简短的中文文字，用来测试编码。"),
        ("big5", "你好，世界。這是一段簡短的中文文字，用來測試編碼。"),
        ("shift_jis", "こんにちは、世界。これは日本語の短い文章です。"),
        ("euc_kr", "안녕하세요, 세계. 이것은 짧은 한국어 문장입니다."),
    ],
)
def test_a_text_is_read_in_the_encoding_it_is_in(encoding: str, text: str) -> None:
    assert decoded(text.encode(encoding)) == text


def test_what_is_no_text_is_none() -> None:
    assert decoded(bytes(range(256)) * 40) is None
    assert decoded(b"") == ""


def attached(discord: DiscordServer, name: str, content: bytes, **more: Any) -> dict[str, Any]:
    discord.files[name] = content
    url = f"{discord.api_url.removesuffix('/api/v10')}/files/{name}"
    plain = {"id": "1", "filename": name, "content_type": "text/plain", "size": len(content), "url": url}
    return plain | {"proxy_url": url} | more


async def asked(discord: DiscordServer, text: str, *files: dict[str, Any]) -> str:
    """What the model reads when somebody sends it; the model repeats it."""
    channel = discord.direct(ADA)
    discord.say(ADA, text, channel, attachments=list(files))
    await until(lambda: bool(discord.by_bot(channel)) and "Retry" in discord.buttons(discord.by_bot(channel)[-1]))
    return "".join(discord.shown(channel)).removeprefix("You said: ")


async def test_a_long_text_that_was_pasted_is_the_question(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        assert await asked(discord, "", attached(discord, "message.txt", b"What is this?")) == "What is this?"


async def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    async with DiscordServer() as discord, bot_on(discord, tmp_path):
        files = [
            attached(discord, "cat.png", b"\x89PNG", content_type="image/png"),
            attached(discord, "huge.txt", b"", size=LARGEST + 1),
            attached(discord, "gone.txt", b"") | {"url": f"{discord.api_url}/nowhere"},
            attached(discord, "noise.txt", bytes(range(256)) * 40),
            attached(discord, "voice.ogg", b"", content_type="audio/ogg", duration_secs=1.5, waveform="AAAA"),
        ]
        assert (await asked(discord, "look", *files)).split("\n\n") == [
            "look",
            "[The file cat.png cannot be read here.]",
            "[The file huge.txt is too large to be read here.]",
            "[The file gone.txt could not be fetched.]",
            "[The file noise.txt cannot be read here.]",
            "[A voice message, which cannot be heard here.]",
        ]


async def test_a_message_of_four_thousand_characters_is_read_whole(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000) as discord, bot_on(discord, tmp_path):
        text = "word " * 800
        assert "".join((await asked(discord, text)).split()) == "".join(text.split())

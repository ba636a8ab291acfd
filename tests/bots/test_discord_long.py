"""Long answers over the wire: every character there, code whole in every message, nobody notified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOT, GENERAL, GUILD
from tests.support.fences import bare, is_left_open

GRAPHEMES = ("👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "🏳️‍🌈", "e\u0301", "한", "नि", "क्षि")
"""Families, flags, skin tones and letters that are several code points each."""
PROSE = f"Einsätze 汉字和标点。 مرحبا بالعالم، {' '.join(GRAPHEMES)} שלום and plain words; "
CODE = "".join(f'    print("{number}", "汉字 👩‍👩‍👧‍👦 `tick` ** * _")\n' for number in range(60))
ROWS = "".join(f"| {number} | 汉字 {number} | 🇩🇪 مرحبا |\n" for number in range(50))
ANSWER = (
    f"{PROSE * 25}\n\n```python\ndef main() -> None:\n{CODE}```\n\n{PROSE * 8}\n\n"
    f"| n | 名 | flag |\n| --- | :-: | --: |\n{ROWS}\n{PROSE * 2}\n\n````md\n```\nfences in fences\n```\n````\n{'汉' * 2100}"
)
MENTIONS = f"@everyone @here <@{ADA}> <@!{ADA}> <@&{GUILD}> <#{GENERAL}> "


def saying(answer: str, delay: float = 0.0) -> str:
    """The settings of a model that says *answer* once."""
    return f"extra_body: {{delay: {delay}, replies: [{json.dumps(answer, ensure_ascii=False)}]}}"


@pytest.mark.parametrize("delay", [0.0, 0.0005])
async def test_nine_thousand_characters_of_every_kind_are_all_there(delay: float, tmp_path: Path) -> None:
    assert len(ANSWER) > 9000
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        async with bot_on(discord, tmp_path, "max_messages: 20", saying(ANSWER, delay)):
            channel = discord.direct(ADA)
            discord.say(ADA, "Tell me everything.", channel)
            await until(lambda: any("Retry" in discord.buttons(shown) for shown in discord.by_bot(channel)))
        parts = discord.shown(channel)
        assert bare("\n".join(parts)) == bare(ANSWER)
        assert not [part for part in parts if is_left_open(part)]
        assert not discord.refused
        for grapheme in GRAPHEMES:
            assert sum(part.count(grapheme) for part in parts) == ANSWER.count(grapheme)


async def test_a_table_and_code_go_on_as_code_in_the_next_message(tmp_path: Path) -> None:
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        async with bot_on(discord, tmp_path, "max_messages: 20", saying(ANSWER)):
            channel = discord.direct(ADA)
            discord.say(ADA, "Tell me everything.", channel)
            await until(lambda: any("Retry" in discord.buttons(shown) for shown in discord.by_bot(channel)))
        for part in discord.shown(channel):
            inside = False
            for line in part.split("\n"):
                inside = not inside if line.startswith("```") and not line.startswith("````") else inside
                assert inside or not line.startswith(("    print(", "| "))


@pytest.mark.parametrize("where", ["a direct message", "a channel", "a command"])
async def test_a_model_full_of_mentions_notifies_nobody(where: str, tmp_path: Path) -> None:
    """Neither at first write nor by edits, nor where a mention is cut in two."""
    async with DiscordServer(route_limit=1000, global_limit=1000) as discord:
        async with bot_on(discord, tmp_path, model=saying(MENTIONS * 60, 0.0005)):
            channel = discord.direct(ADA) if where == "a direct message" else GENERAL
            if where == "a command":
                discord.slash(ADA, "ask", question=f"@everyone <@{ADA}> <@&{GUILD}>")
            else:
                discord.say(ADA, f"<@{BOT}> Wake them up.", channel)
            await until(lambda: any("Retry" in discord.buttons(shown) for shown in discord.by_bot(channel)))
        assert len(discord.shown(channel)) > 1
        assert "".join(discord.shown(channel)).count("@everyone") >= 60
        assert len([kind for kind, _, _ in discord.writes if kind == "edit"]) > 1
        assert not discord.pinged

"""Many people at once on a Telegram on loopback, with its flood limits: who got the right answer, when, and at what cost.

    python -m bench.telegram_load [PEOPLE ...]

The bot is a process of its own, and processor time and memory are its alone; Telegram and the model, which is asked over
HTTP, are in this one. The floor is the model's time plus one write for each person at Telegram's 30 writes a second.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from bench._speaking import ANSWER, WORD_TIME, WORDS, measured, repeat, settings
from tests.support.clock import until
from tests.support.completions import CompletionsServer
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import BOT, BOT_NAME, SUPERGROUP, TOKEN, Place

CROWDS = (100, 300)


async def private(people: int, drafts: str) -> None:
    """drafts: as in `telegram.drafts`."""
    async with TelegramServer() as telegram:
        await crowd(f"in private chats, drafts {drafts}", telegram, {who: who for who in names(people)}, drafts)


async def groups(people: int) -> None:
    async with TelegramServer() as telegram:
        chats = {who: SUPERGROUP - who for who in names(people)}
        for who, chat in chats.items():
            telegram.places[chat] = Place({"id": chat, "title": f"Group {who}", "type": "supergroup"}, members={who})
        await crowd("in groups", telegram, chats, "off")


def names(people: int) -> range:
    return range(1000, 1000 + people)


async def crowd(where: str, telegram: TelegramServer, chats: Mapping[int, int], drafts: str) -> None:
    """All ask at the same moment, each in their chat."""
    async with CompletionsServer() as model:
        model.plan(*[repeat] * len(chats))
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "config.yaml"
            platform = f'telegram: {{token: "{TOKEN}", api_url: "{telegram.api_url}", drafts: {drafts}}}'
            config.write_text(settings(Path(folder), model, platform))
            async with measured(config, "telegram") as cost:
                await until(lambda: telegram.connected, 20_000)
                took = await conversation(telegram, chats)
    floor = WORDS * WORD_TIME + len(chats) / 30
    print(f"{len(chats)} people {where}: all right, the last after {took:.1f} s, {took / floor:.2f} × the floor")
    print(f"  429: {telegram.statuses[429]}; writes: {len(telegram.writes)}, drafts: {len(telegram.drafts)}")
    print(f"  other refusals: {len(telegram.refused)}; {cost}")


async def conversation(telegram: TelegramServer, chats: Mapping[int, int]) -> float:
    """Seconds until everybody has their answer, whole and once."""
    began = time.monotonic()
    for who, chat in chats.items():
        telegram.say(who, f"@{BOT_NAME} I am {who}" if chat < 0 else f"I am {who}", None if chat > 0 else chat)
    expected = {chat: [f"{who} {ANSWER}"] for who, chat in chats.items()}
    await until(lambda: len(telegram.writes) >= len(expected) and answers(telegram) == expected, 60_000)
    return time.monotonic() - began


def answers(telegram: TelegramServer) -> dict[int, list[str]]:
    """What the bot's messages show, by chat."""
    shown: dict[int, list[str]] = defaultdict(list)
    for (chat, _), message in telegram.messages.items():
        if message["from"]["id"] == BOT:
            shown[chat].append(message["text"])
    return shown


async def main(crowds: tuple[int, ...]) -> None:
    for people in crowds:
        await private(people, "on")
        await private(people, "off")
    await groups(crowds[-1])


if __name__ == "__main__":
    asyncio.run(main(tuple(int(people) for people in sys.argv[1:]) or CROWDS))

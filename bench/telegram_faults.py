"""Many people answered while Telegram is at its worst: who got the whole answer, how many messages were doubled, and when.

    python -m bench.telegram_faults [PEOPLE]

A fifth of all calls fails in each of Telegram's ways, at real speed, with and without drafts; then Telegram takes nothing
for a minute, in one chat and from the bot at all, in the middle of the answers.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.telegram_crowd import OneOfFive, all_right, ask_all, doubled
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import TOKEN, Fault

WORD_TIME = 0.1
PENALTY = 60
"""Seconds."""
PATIENCE = 100_000
"""Looks at the answers, after which the bench gives up: some minutes."""
WAYS: tuple[int | str, ...] = (502, 429, "reset", "hang", "lost")


async def worst(people: int, way: int | str, drafts: str) -> None:
    trouble = OneOfFive(way)
    async with serving([trouble.fault], drafts) as telegram:
        await report(f"20 % of all calls: {way}, drafts {drafts}", people, telegram, trouble)


async def penalty(people: int, chat: int | None) -> None:
    async with serving([], "on") as telegram:
        telegram.flood.close(PENALTY, chat, time.time())
        where = "the bot" if chat is None else "one chat"
        await report(f"{PENALTY} s of penalty for {where}", people, telegram, None)


async def report(what: str, people: int, telegram: TelegramServer, trouble: OneOfFive | None) -> None:
    began = time.monotonic()
    expected = ask_all(telegram, people)
    rest = dict(list(expected.items())[1:])
    await until(lambda: all_right(telegram, rest), PATIENCE)
    others = time.monotonic() - began
    await until(lambda: all_right(telegram, expected), PATIENCE)
    took = time.monotonic() - began
    await until(lambda: trouble is None or trouble.at_rest(telegram, people), PATIENCE)
    print(f"{what}: {people} of {people} right, {doubled(telegram, expected)} messages doubled,", end=" ")
    print(f"the last after {took:.1f} s, all but the first person after {others:.1f} s;", end=" ")
    print(f"429 beside those ordered: {telegram.statuses[429]}, refused otherwise: {len(telegram.refused)}", flush=True)


@asynccontextmanager
async def serving(faults: list[Fault], drafts: str) -> AsyncIterator[TelegramServer]:
    async with TelegramServer(faults=faults) as telegram:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "config.yaml"
            config.write_text(
                f"store: sqlite:///{folder}/parlour.db\n"
                f"models: [{{id: echo, provider: scripted, extra_body: {{delay: {WORD_TIME}}}}}]\n"
                f'telegram: {{token: "{TOKEN}", api_url: "{telegram.api_url}", drafts: {drafts}}}\n'
            )
            async with process(config, "telegram"):
                await until(lambda: telegram.connected, 20_000)
                yield telegram


async def main(people: int) -> None:
    for drafts in ("on", "off"):
        for way in WAYS:
            await worst(people, way, drafts)
    await penalty(people, 501)
    await penalty(people, None)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))

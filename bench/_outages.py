"""Troubles in which something is away for an hour, and one in which the clock jumps one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench._stage import HOUR, Bot, Play, Telegram, bot
from tests.support.completions import KEY, CompletionsServer, Wire, ending, text, words
from tests.support.completions import Play as Wired
from tests.support.servers import RedisServer
from tests.support.telegram_world import ADA, BOB, CAROL

CROWD = range(1001, 1301)
"""300 people without a name: only how many got what is written down."""
GREETING = "Hello there."
"""What the model says to everything."""
AWAY = text("<html>Bad gateway</html>", 502)
MINUTE = 60.0


@dataclass
class World:
    play: Play
    telegram: Telegram
    model: CompletionsServer
    bot: Bot


@asynccontextmanager
async def world(folder: Path, store: str = "") -> AsyncIterator[World]:
    play = Play()
    async with Telegram(play) as telegram, CompletionsServer() as model:
        asked = f"providers: {{openai: {{base_url: '{model.url}', api_key: {KEY}}}}}"
        async with bot(
            play, telegram, folder, f"{asked}\nmodels: [{{id: gpt-5-mini, provider: openai}}]", store
        ) as running:
            await telegram.answers(ADA, "Hello?", GREETING)
            await running.look()
            yield World(play, telegram, model, running)


async def provider_away(folder: Path) -> list[str]:
    async with world(folder) as here:
        here.model.always = AWAY
        here.play.note("", "The provider answers every request with 502 from here on.")
        await here.telegram.answers(ADA, "What is a haiku?", "retry")
        await here.play.passes(10 * MINUTE)
        await crowd_asks(here)
        await here.bot.look()
        await here.play.passes(HOUR - here.play.clock.monotonic() + here.play.began)
        here.model.always = None
        here.play.note("", "The provider is back.")
        await here.telegram.answers(ADA, "/retry", GREETING)
        await here.bot.look()
    return here.play.lines()


async def crowd_asks(here: World) -> None:
    before, began = len(here.model.requests), here.play.clock.monotonic()
    here.play.note("", f"{len(CROWD)} people ask at the same moment.")
    for person in CROWD:
        here.telegram.say(person, "Are you there?")
    most, last = 0, before
    while not all(here.telegram.shown(person) for person in CROWD):
        await here.play.passes(1.0, 0.5)
        most, last = max(most, len(here.model.requests) - last), len(here.model.requests)
    took = here.play.clock.monotonic() - began
    said = {shown for person in CROWD for shown in here.telegram.shown(person)}
    here.play.note(
        "",
        f"All of them have read it after {took:.0f} s, in {len(said)} wording; the provider got "
        f"{last - before} requests, {most} of them in the busiest second.",
    )


async def store_away(folder: Path) -> list[str]:
    with RedisServer(durable=True) as redis:
        async with world(folder, redis.url) as here:
            here.model.always = slowly(here.play)
            here.telegram.asks(BOB, "What is a haiku?")
            await here.play.until(lambda: here.model.requests[-1].body["messages"][-1]["content"].endswith("haiku?"))
            redis.kill()
            here.play.note("", "Redis is killed while Bob's answer is being written.")
            await here.play.passes(MINUTE, 0.5)
            here.telegram.asks(ADA, "Are you there?")
            await here.play.passes(MINUTE, 0.5)
            await here.bot.look()
            await here.play.passes(HOUR - here.play.clock.monotonic() + here.play.began)
            await asyncio.to_thread(redis.start)
            here.play.note("", "Redis is back.")
            await here.play.until(lambda: GREETING in here.telegram.shown(BOB))
            await here.play.passes(MINUTE, 0.5)
            shown = len(here.telegram.shown(BOB))
            here.play.note("", f"Bob sees {shown} message{'s' if shown > 1 else ''} of the bot.")
            await here.telegram.answers(ADA, "And now?", GREETING)
            await here.bot.look()
        return here.play.lines()


async def platform_away(folder: Path) -> list[str]:
    async with world(folder) as here:
        here.model.always = slowly(here.play)
        here.telegram.asks(BOB, "What is a haiku?")
        await here.play.until(lambda: "haiku" in here.model.requests[-1].body["messages"][-1]["content"])
        here.telegram.leave()
        here.play.note("", "Telegram takes no connection any more, while Bob's answer is being written.")
        await here.play.passes(10 * MINUTE)
        here.telegram.asks(CAROL, "Are you there?")
        await here.play.passes(45 * MINUTE)
        here.telegram.asks(ADA, "Are you there?")
        await here.bot.look()
        await here.play.passes(HOUR + 11 * MINUTE - here.play.clock.monotonic() + here.play.began)
        here.telegram.return_()
        here.play.note("", "Telegram is back.")
        await here.play.until(lambda: GREETING in here.telegram.shown(BOB))
        await here.play.until(lambda: all(len(here.telegram.shown(person)) > n for person, n in ((ADA, 1), (CAROL, 0))))
        await here.bot.look()
    return here.play.lines()


async def clock_jumps(folder: Path) -> list[str]:
    async with world(folder) as here:
        for hours, way in ((1, "forward"), (-2, "back by two"), (1, "right again")):
            here.model.always = slowly(here.play)
            here.telegram.asks(BOB, "What is a haiku?")
            here.telegram.asks(BOB, "And a sonnet?")
            heard = 2 + len(here.telegram.shown(BOB))
            await here.play.until(lambda: "haiku" in here.model.requests[-1].body["messages"][-1]["content"])
            here.play.set_clock(hours * HOUR)
            here.play.note("", f"The machine's clock is set {way}, while an answer is written and a question waits.")
            await here.play.until(partial(_all_said, here.telegram, heard))
            await here.telegram.answers(ADA, "Are you there?", GREETING)
            await here.bot.look()
    return here.play.lines()


def _all_said(telegram: Telegram, times: int) -> bool:
    return telegram.shown(BOB) == [GREETING] * times


def slowly(play: Play) -> Wired:
    """Takes three seconds of the play for the greeting."""

    async def write(wire: Wire) -> None:
        first, *rest = words(GREETING)
        await wire.begin_stream()
        await wire.piece(first)
        await play.clock.sleep(3.0)
        for piece in (*rest, *ending()):
            await wire.piece(piece)
        await wire.end_stream()

    return write

"""Two processes with one token on one store: both hear everything, and what happens happens once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.discord_bot import bot_on
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import ADA, BOB, FAR


@asynccontextmanager
async def two_on(discord: DiscordServer, folder: Path) -> AsyncIterator[AsyncExitStack]:
    """The first of them leaves when the stack that this gives is closed."""
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        for number, process in enumerate((first, second), 1):
            await process.enter_async_context(bot_on(discord, folder))
            await until(lambda: len([one for one in discord.gateway.sessions.values() if one.link]) == number)  # noqa: B023  # awaited here and now
        yield first


async def test_a_command_takes_back_one_question_and_is_answered_once(tmp_path: Path) -> None:
    async with DiscordServer() as discord, two_on(discord, tmp_path):
        here = discord.direct(ADA)
        for number, question in enumerate(("one", "two", "three"), 1):
            discord.say(ADA, question, here)
            await until(lambda: len(discord.shown(here)) == number)  # noqa: B023  # awaited here and now
            await until(lambda: "Retry" in discord.buttons(discord.by_bot(here)[-1]))
        for number in (1, 2):
            undo = discord.slash(ADA, "undo", here)
            await until(lambda: undo in discord.callbacks)  # noqa: B023  # awaited here and now
            assert len(discord.private(ADA)) == number
        discord.slash(ADA, "context", here)
        await until(lambda: len(discord.private(ADA)) == 3)
        assert [word in discord.private(ADA)[2] for word in ("one", "two", "three")] == [True, False, False]
        assert not discord.refused


async def test_the_form_that_one_process_showed_is_read_by_the_other(tmp_path: Path) -> None:
    async with DiscordServer() as discord, two_on(discord, tmp_path) as first:
        message = discord.say(BOB, "The tide is high.", FAR)
        shown = discord.point(ADA, say(Sentence.COMMAND_ASK_ABOUT, "en"), message)
        await until(lambda: shown in discord.callbacks)
        await first.aclose()
        discord.submit(ADA, shown, "Why?", FAR)
        await until(lambda: bool(discord.by_bot(FAR)) and "You said" in discord.shown(FAR)[0])
        assert not discord.refused

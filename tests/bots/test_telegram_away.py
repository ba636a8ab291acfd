"""Nothing can be stored for a while: who writes to the bot on Telegram reads so, and is answered afterwards.

The whole bot on a real Redis, on a clock that the test owns.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bots import wiring
from bots.shared.hooks import AGAIN
from bots.telegram.webhook import SECRET_HEADER
from core.config_access import AccessConfig
from core.wording import Sentence, say
from tests.support.clock import ManualClock, until
from tests.support.servers import RedisServer, free_port
from tests.support.telegram_bot import config_for, running
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, CAROL, FORUM, GROUP, TOPIC

SECRET = "a-secret_of_ours"
WAITS = say(Sentence.STORE_AWAY_WAITS, "en")
LONG = 60.0
"""Seconds in which everybody has been told."""
Deed = Callable[[RedisServer], None]


@dataclass
class Scene:
    telegram: TelegramServer
    redis: RedisServer
    clock: ManualClock
    folder: Path
    bots: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self, more: str = "", *, blocked: int = 0) -> None:
        """One more process of the bot."""
        access = AccessConfig(blocked=(f"telegram:{blocked}",))
        config = config_for(self.telegram, self.folder, f"drafts: off, {more}".rstrip(", "))
        config = config.model_copy(update={"store": self.redis.url, "access": access})
        await self.bots.enter_async_context(running(self.telegram, config))

    async def answers(self, person: int, text: str) -> None:
        known = self.telegram.shown(person)
        self.telegram.say(person, text)
        await self.until(lambda: self.telegram.shown(person) == [*known, f"You said: {text}"])

    async def outlasts(self, begins: Deed, ends: Deed, asked: Sequence[str]) -> None:
        """While nothing can be stored Ada says all of *asked*."""
        known = self.telegram.shown(ADA)
        begins(self.redis)
        for text in asked:
            self.telegram.say(ADA, text)
        await self.passes(LONG)
        assert self.telegram.shown(ADA) == [*known, WAITS]
        assert len(self.telegram.updates.pending) >= len(asked)
        await asyncio.to_thread(ends, self.redis)
        answers = [f"You said: {text}" for text in asked]
        await self.until(lambda: self.telegram.shown(ADA) == [*known, WAITS, *answers])

    async def refused_until(self, url: str, update: dict[str, Any]) -> str:
        """What whoever delivers *update* is told of when it may try again."""
        async with aiohttp.ClientSession() as session:
            posting = asyncio.create_task(session.post(url, json=update, headers={SECRET_HEADER: SECRET}))
            await self.until(posting.done)
            return posting.result().headers["Retry-After"]

    async def passes(self, seconds: float) -> None:
        end = self.clock.now() + seconds
        await self.until(lambda: self.clock.now() >= end)

    async def until(self, condition: Callable[[], bool]) -> None:
        began = self.clock.now()
        while not condition():
            assert self.clock.now() - began < 3 * LONG
            await self.clock.advance(0.2)
            await asyncio.sleep(0.005)  # what the bot does over sockets has time for itself


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer(durable=True) as server:
        yield server


@pytest.fixture
async def here(
    redis: RedisServer, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Scene]:
    monkeypatch.setattr(wiring, "clock", lambda: clock)
    async with TelegramServer(now=clock.now) as telegram, AsyncExitStack() as bots:
        yield Scene(telegram, redis, clock, tmp_path, bots)
        assert telegram.refused == []


def goes_away(redis: RedisServer) -> None:
    redis.kill()


def is_full(redis: RedisServer) -> None:
    redis.command("CONFIG", "SET", "maxmemory", "1")


def comes_back(redis: RedisServer) -> None:
    redis.start()


def has_room(redis: RedisServer) -> None:
    redis.command("CONFIG", "SET", "maxmemory", "0")


TROUBLES = pytest.mark.parametrize(("begins", "ends"), [(goes_away, comes_back), (is_full, has_room)])


@TROUBLES
async def test_who_writes_reads_once_that_it_waits_and_is_answered_afterwards(
    here: Scene, begins: Deed, ends: Deed
) -> None:
    await here.start()
    await here.answers(ADA, "before")
    await here.outlasts(begins, ends, ["first", "second"])
    await here.outlasts(begins, ends, ["another day, first", "another day, second"])


async def test_a_command_that_finds_no_store_is_said_not_to_be_done(here: Scene) -> None:
    await here.start()
    await here.answers(ADA, "before")
    here.redis.kill()
    here.telegram.say(ADA, "/usage")
    await until(lambda: here.telegram.shown(ADA)[-1] == say(Sentence.STORE_AWAY_UNDONE, "en"))


async def test_who_writes_while_nobody_was_listening_is_told_too(here: Scene) -> None:
    await here.start()
    await here.answers(ADA, "before")
    here.redis.kill()
    await here.passes(LONG)
    here.telegram.say(BOB, "Are you there?")
    await here.until(lambda: here.telegram.shown(BOB) == [WAITS])


async def test_in_groups_only_who_means_the_bot_is_told(here: Scene) -> None:
    telegram = here.telegram
    await here.start()
    here.redis.kill()
    telegram.say(ADA, "I mean somebody else", GROUP)
    asked = telegram.say(BOB, f"@{BOT_NAME} and you?", FORUM, topic=TOPIC)
    await here.passes(LONG)
    assert telegram.shown(GROUP) == []
    (told,) = telegram.by_bot(FORUM)
    assert (told["text"], told["message_thread_id"]) == (WAITS, TOPIC)
    assert told["reply_to_message"]["message_id"] == asked


async def test_who_may_not_ask_is_not_told_that_they_will_be_answered(here: Scene) -> None:
    await here.start(blocked=BOB)
    here.redis.kill()
    here.telegram.say(BOB, "hello")
    here.telegram.say(CAROL, "hello")
    await here.until(lambda: here.telegram.shown(CAROL) == [WAITS])
    await here.passes(LONG)
    assert here.telegram.shown(BOB) == []


async def test_of_several_processes_one_tells(here: Scene) -> None:
    await here.start()
    await here.start()
    await here.passes(LONG)  # one asks, the other knows
    here.redis.kill()
    here.telegram.say(ADA, "hello")
    await here.passes(LONG)
    assert here.telegram.shown(ADA) == [WAITS]
    await asyncio.to_thread(here.redis.start)
    await here.until(lambda: here.telegram.shown(ADA) == [WAITS, "You said: hello"])


@TROUBLES
async def test_what_is_delivered_to_a_webhook_is_delivered_again(here: Scene, begins: Deed, ends: Deed) -> None:
    telegram, port = here.telegram, free_port()
    url = f"http://127.0.0.1:{port}/hook"
    await here.start(f'webhook: {{url: "{url}", secret: "{SECRET}", port: {port}}}')
    await here.answers(ADA, "before")
    begins(here.redis)
    telegram.say(ADA, "first")
    telegram.say(BOB, "hello")
    await here.passes(LONG)
    assert telegram.shown(ADA)[1:] == [WAITS]
    assert {*telegram.updates.delivered[1:]} == {503}
    assert await here.refused_until(url, telegram.updates.pending[0]) == str(AGAIN)
    await asyncio.to_thread(ends, here.redis)
    await here.until(lambda: telegram.shown(ADA)[1:] == [WAITS, "You said: first"])
    await here.until(lambda: telegram.shown(BOB) == ["You said: hello"])
    await until(lambda: telegram.updates.pending == [])

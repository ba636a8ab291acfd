"""Two servers of the page and two workers on one Redis, replaced one by one while people and programs talk to them everywhere:
no answer, and no reply to a command, is lost or doubled, and no request fails."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openai
import pytest

from core.clock import SystemClock
from core.domain import ConversationId
from core.stores.opening import open_store
from tests.support import discord_webhooks, discord_world, telegram_world
from tests.support.balancer import balancer
from tests.support.clock import until
from tests.support.discord_server import DiscordServer
from tests.support.page import Page, page
from tests.support.rolling import PATIENCE, Deployment, Fleet, Probe, Replica, behind, of_the_manifest
from tests.support.servers import redis_server
from tests.support.telegram_server import TelegramServer

EACH = 3
"""People, or programs, of every kind."""
WORDS = "one two three four five six seven eight nine ten"
EVERY = 5
"""Of so many deeds in a chat one is a command."""
THINK = 0.2
"""Seconds between an answer and the next question."""
PATIENT = 60.0
"""Seconds that Discord waits for a response: how busy this machine is says nothing about the bot."""
QUICK = Probe(period=0.3, failures=2, leave=4.0)

Deed = Callable[[int, int], Awaitable[None]]
"""What somebody (by number) does for the so-many-th time; returns when it is answered."""


def asked(number: int) -> str:
    return f"{number} {WORDS}"


def answered(number: int) -> str:
    return f"You said: {asked(number)}"


@dataclass
class Scene:
    """Everybody, where they talk, how often each of them did, and which requests of programs failed."""

    discord: DiscordServer
    telegram: TelegramServer
    pages: list[Page]
    program: openai.AsyncOpenAI
    is_over: bool = False
    done: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    async def talk(self) -> None:
        """Returns when it is over, and everybody has the answer they waited for."""
        deeds: tuple[Deed, ...] = (self.visit, self.call, self.stream, self.write, self.chat)
        everybody = [self._insist(deed, who) for deed in deeds for who in range(EACH)]
        await asyncio.gather(*everybody)

    async def _insist(self, deed: Deed, who: int) -> None:
        for number in itertools.count():
            if self.is_over:
                return
            await deed(who, number)
            self.done[f"{deed.__name__} {who}"] += 1
            await asyncio.sleep(THINK)

    async def visit(self, who: int, number: int) -> None:
        assert await self.pages[who].answer(asked(number)) == answered(number)

    async def call(self, who: int, number: int) -> None:
        """In a conversation that is kept."""
        with self._counted():
            made = await self.program.chat.completions.create(
                model="echo",
                messages=[{"role": "user", "content": asked(number)}],
                extra_headers={"X-Conversation": f"room-{who}"},
            )
            assert made.choices[0].message.content == answered(number)

    async def stream(self, who: int, number: int) -> None:
        with self._counted():
            streamed = await self.program.chat.completions.create(
                model="echo", messages=[{"role": "user", "content": f"{who}. {asked(number)}"}], stream=True
            )
            pieces = [chunk.choices[0].delta.content or "" async for chunk in streamed if chunk.choices]
            assert "".join(pieces) == f"You said: {who}. {asked(number)}"

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except openai.OpenAIError as problem:
            self.failed.append(f"{problem!r} {problem.__cause__!r}")

    async def write(self, who: int, number: int) -> None:
        """On Discord."""
        person = str(501 + who)
        channel = self.discord.direct(person)
        if number % EVERY == EVERY - 1:
            command = self.discord.slash(person, "usage", channel)
            await until(lambda: command in self.discord.callbacks, PATIENCE)
            return
        self.discord.say(person, asked(number), channel)
        await until(lambda: self.discord.shown(channel)[-1:] == [answered(number)], PATIENCE)

    async def chat(self, who: int, number: int) -> None:
        """On Telegram."""
        person = 501 + who
        before = len(self.telegram.shown(person))
        is_command = number % EVERY == EVERY - 1
        self.telegram.say(person, "/usage" if is_command else asked(number))
        await until(lambda: len(self.telegram.shown(person)) > before, PATIENCE)
        if not is_command:
            await until(lambda: self.telegram.shown(person)[-1] == answered(number), PATIENCE)

    def questions(self, deed: Deed, who: int) -> list[int]:
        """The numbers of all that were no commands."""
        everything = range(self.done[f"{deed.__name__} {who}"])
        is_chat = deed in {self.write, self.chat}
        return [number for number in everything if not is_chat or number % EVERY != EVERY - 1]

    def verify_what_is_shown(self) -> None:
        assert not self.failed
        assert not [trouble for each in self.pages for trouble in each.troubles]
        for who in range(EACH):
            shown = self.discord.shown(self.discord.direct(str(501 + who)))
            assert shown == [answered(number) for number in self.questions(self.write, who)]
            said = [text for text in self.telegram.shown(501 + who) if text.startswith("You said")]
            assert said == [answered(number) for number in self.questions(self.chat, who)]
            assert len(self.telegram.shown(501 + who)) == self.done[f"chat {who}"]
        assert not self.discord.refused
        assert not self.telegram.refused
        assert self.telegram.statuses[409] == 0

    async def verify_what_is_kept(self, store: str) -> None:
        for who, visitor in enumerate(self.pages):
            assert await visitor.texts() == both(self.questions(self.visit, who))
        async with open_store(store, SystemClock()) as opened:
            for who in range(EACH):
                for place, deed in (
                    (f"api:owner/room-{who}", self.call),
                    (f"discord:{self.discord.direct(str(501 + who))}", self.write),
                    (f"telegram:{501 + who}", self.chat),
                ):
                    kept = [message.text for message in await opened.messages(ConversationId(place))]
                    assert kept == both(self.questions(deed, who)), place
            depth = await opened.depth()
            assert (depth.queued, depth.running, depth.aside) == (0, 0, 0)


def both(numbers: list[int]) -> list[str]:
    return [text for number in numbers for text in (asked(number), answered(number))]


@asynccontextmanager
async def a_scene(url: str, discord: DiscordServer, telegram: TelegramServer) -> AsyncIterator[Scene]:
    """Every second visitor has a connection for each request; programs keep theirs for as long as they may."""
    async with (
        AsyncExitStack() as opened,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as program,
    ):
        pages = [await opened.enter_async_context(page(url, sticky=who % 2 == 0)) for who in range(EACH)]
        yield Scene(discord, telegram, pages, program)


def common(store: str, discord: DiscordServer, telegram: TelegramServer) -> str:
    urls = f'api_url: "{discord.api_url}", gateway_url: "{discord.gateway_url}"'
    return f"""
store: {store}
models: [{{id: echo, provider: scripted, extra_body: {{delay: 0.05}}}}]
inbox: {{lease: 10s}}
discord: {{token: "{discord_world.TOKEN}", {urls}}}
telegram: {{token: "{telegram_world.TOKEN}", api_url: "{telegram.api_url}"}}
"""


@pytest.mark.parametrize(
    ("rounds", "probe"),
    [
        pytest.param(1, QUICK, id="one"),
        pytest.param(10, of_the_manifest(), marks=pytest.mark.soak, id="ten"),
    ],
)
async def test_replacing_every_process_costs_nothing(
    rounds: int, probe: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord_webhooks, "TO_ACKNOWLEDGE", PATIENT)
    async with AsyncExitStack() as opened:
        store = await opened.enter_async_context(redis_server())
        discord = await opened.enter_async_context(DiscordServer())
        telegram = await opened.enter_async_context(TelegramServer())
        url, balancing = await opened.enter_async_context(balancer([], patient=False))
        fleet = Fleet(tmp_path, common(store, discord, telegram))
        identities = itertools.count(1)

        async def worker() -> Replica:
            wanted = next(identities)
            replica = await fleet.launch("", "discord", "telegram")
            await until(lambda: discord.gateway.identified >= wanted and telegram.connected, PATIENCE)
            return replica

        serve = await opened.enter_async_context(behind(balancing, fleet, probe))
        servers, workers = Deployment(serve), Deployment(worker)
        await asyncio.gather(*map(opened.enter_async_context, (servers, workers)))
        scene = await opened.enter_async_context(a_scene(url, discord, telegram))
        talking = asyncio.create_task(scene.talk(), name="everybody")
        for _ in range(rounds):
            await asyncio.gather(servers.roll(), workers.roll())
        scene.is_over = True
        await talking
        assert balancing.refused == 0
        scene.verify_what_is_shown()
        await scene.verify_what_is_kept(store)
        assert "Traceback" not in fleet.said
        assert "taken_elsewhere" not in fleet.said
        assert len(set(balancing.served)) >= 2 + 2 * rounds
    told = ", ".join(f"{deed} {sum(scene.done[f'{deed} {who}'] for who in range(EACH))}" for deed in DEEDS)
    print(f"\n{4 * rounds} processes replaced; {told}: 0 lost, 0 doubled, 0 requests failed")  # noqa: T201  # the figure


DEEDS = ("visit", "call", "stream", "write", "chat")

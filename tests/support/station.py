"""A whole bot as a process of its own, for tests that kill, pause and restart it: adapter and worker over a real store,
connected to a `Platform`. It answers with the echo of the scripted model, word by word.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from core.chance import SystemChance
from core.clock import SystemClock
from core.conversations.personas import Persona, Personas
from core.conversations.service import Conversations, ConversationSettings, World
from core.domain import Answer, ConversationId, Incoming, ModelSpec, PersonId, Ref, Sender, TextPart, Turn, TurnId
from core.errors import ChatError, StoreError
from core.inbox.worker import Worker, WorkerSettings, Workplace
from core.limits.budgets import Unlimited
from core.llm.scripted import ScriptedModel
from core.llm.tokens import OpenAITokens
from core.ports import Claim, Reply, Store
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.wording import say
from tests.support.bot import Several

LANE = "test"


@dataclass(frozen=True, slots=True)
class Orders:
    """How a station runs. clock_ahead: seconds its clock is ahead of the machine's, so that a lease which a killed
    station left has lapsed at once. word_delay: seconds between two words of an answer."""

    store: str
    platform: int
    lease: float = 30.0
    clock_ahead: float = 0.0
    word_delay: float = 0.0
    options: StoreOptions = field(default_factory=StoreOptions)


class AheadClock(SystemClock):
    def __init__(self, ahead: float) -> None:
        self._ahead = ahead

    def now(self) -> float:
        return super().now() + self._ahead


class Link:
    """The connection to the platform."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._rids = itertools.count()
        self._waiting: dict[int, asyncio.Future[str]] = {}

    def tell(self, **order: object) -> None:
        self._writer.write(json.dumps(order | {"pid": os.getpid()}).encode() + b"\n")

    def phase(self, name: str) -> None:
        self.tell(op="phase", name=name)

    async def ask(self, **order: object) -> str:
        rid = next(self._rids)
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[rid] = done
        self.tell(**order, rid=rid)
        return await done

    async def events(self, on_event: Callable[[dict[str, Any]], Coroutine[Any, Any, None]]) -> None:
        """Until the platform hangs up."""
        async with asyncio.TaskGroup() as arrivals:
            while line := await self._reader.readline():
                order = json.loads(line)
                if order["op"] == "event":
                    arrivals.create_task(on_event(order))
                else:
                    self._done(order["rid"], order["id"])

    def _done(self, rid: int, message: str) -> None:
        waiting = self._waiting.pop(rid)
        if not waiting.done():
            waiting.set_result(message)


class StationReply:
    """A reply on the platform: one message, one painter, the latest text wins."""

    def __init__(self, link: Link, turn: Turn, claim: Claim) -> None:
        self._link = link
        self._turn = turn
        self._claim = claim
        self._message = turn.shown[0] if turn.shown else None
        self._text = ""
        self._fresh = asyncio.Event()
        self._last = False

    def draft(self, text: str) -> None:
        self._text = text
        self._fresh.set()

    async def finish(self, answer: Answer) -> None:
        self._text, self._last = answer.text, True
        self._fresh.set()
        await self._painter
        self._link.phase("finished")

    async def fail(self, problem: ChatError) -> None:
        self._text, self._last = say(problem.sentence, "en", **problem.values), True
        self._fresh.set()
        await self._painter

    def start(self) -> None:
        self._painter = asyncio.create_task(self._paint(), name=f"painter {self._turn.id}")

    async def close(self) -> None:
        self._painter.cancel()
        await asyncio.gather(self._painter, return_exceptions=True)

    async def _paint(self) -> None:
        last = False
        while not last:
            await self._fresh.wait()
            self._fresh.clear()
            last = self._last
            self._claim.check()
            if self._message is None:
                await asyncio.shield(self._post())
            else:
                await self._link.ask(op="edit", id=self._message, text=self._text)

    async def _post(self) -> None:
        place = {"conversation": self._turn.incoming.conversation, "turn": self._turn.id, "nonce": self._turn.id}
        message = await self._link.ask(op="post", text=self._text, **place)
        self._link.phase("posted")
        await self._claim.remember(Ref(message))
        self._link.phase("remembered")
        self._message = Ref(message)


class StationReplies:
    def __init__(self, link: Link) -> None:
        self._link = link

    @asynccontextmanager
    async def open(self, turn: Turn, claim: Claim) -> AsyncIterator[Reply]:
        reply = StationReply(self._link, turn, claim)
        reply.start()
        try:
            yield reply
        finally:
            await reply.close()


class Told:
    """A store that tells the platform about each step of a turn before and after it happens."""

    STEPS = frozenset({"put", "claim", "answer_to", "path", "remember", "commit", "finish", "postpone"})

    def __init__(self, store: Store, link: Link) -> None:
        self._store = store
        self._link = link

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in self.STEPS:
            return method

        async def told(*args: Any, **options: Any) -> Any:
            self._link.phase(f"{name}…")
            result = await method(*args, **options)
            if result is not None or name != "claim":
                self._link.phase(f"{name} done")
            return result

        return told


async def station(orders: Orders) -> None:
    """Runs until SIGTERM, then drains."""
    clock, chance = AheadClock(orders.clock_ahead), SystemChance()
    async with AsyncExitStack() as stack:
        link = Link(*await asyncio.open_connection("127.0.0.1", orders.platform))
        real: Store = await stack.enter_async_context(open_store(orders.store, clock, orders.options))
        store: Any = Told(real, link)
        models = Several([ScriptedModel(ModelSpec("echo", 8192, 1024), clock, delay=orders.word_delay)])
        world = World(store, Unlimited(), models, OpenAITokens(), clock, chance)
        conversations = Conversations(world, Personas([Persona("echo", "Repeat.")]), ConversationSettings())
        place = Workplace(store, conversations, StationReplies(link), clock, chance)
        worker = Worker(place, WorkerSettings(frozenset({LANE}), lease=orders.lease))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.drain)

        async def accept(event: dict[str, Any]) -> None:
            while True:
                try:
                    await store.put(translate(event))
                    break
                except StoreError:
                    await clock.sleep(0.2)
            link.tell(op="ack", event=event["id"])

        listening = asyncio.create_task(link.events(accept), name="station listening")
        link.tell(op="hello")
        await worker.run()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def translate(event: dict[str, Any]) -> Incoming:
    return Incoming(
        event_id=TurnId(event["id"]),
        conversation=ConversationId(event["conversation"]),
        lane=LANE,
        sender=Sender(PersonId("test:1"), "Ada"),
        parts=(TextPart(event["text"]),),
        sent_at=event["at"],
        ref=Ref(event["id"]),
    )


def main(orders: Orders) -> None:
    asyncio.run(station(orders))

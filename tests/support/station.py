"""A whole bot as a process of its own, for tests that kill, pause and restart it: adapter and worker over a real store,
connected to a `Platform`. It answers with the echo of the scripted model, word by word.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import SecretStr

from bots.shared.controls import Controls
from bots.shared.live_reply import LiveReply, Means
from bots.shared.pacing import Pacer, RateGate
from bots.shared.surface import Deed, Limits, MessageGone, Page, Posted, Route, Slip
from core.chance import SystemChance
from core.clock import SystemClock
from core.config_models import ModelConfig, ProviderConfig
from core.conversations.access import Access
from core.conversations.admitting import Admission
from core.conversations.personas import Persona, Personas
from core.conversations.service import Conversations, ConversationSettings, World
from core.domain import ConversationId, Incoming, ModelSpec, PersonId, Ref, Sender, TextPart, Turn, TurnId
from core.domain_limits import Queue, Whose
from core.errors import StoreError
from core.inbox.worker import Worker, WorkerSettings, Workplace
from core.limits.allowances import Allowance, SpendingPolicy
from core.limits.budgets import Spending, TurnBudgets
from core.limits.lines import WORD, Line, Lines, Trade
from core.limits.rates import Rate
from core.limits.throttling import Throttle, ThrottlePolicy
from core.llm.catalogue import open_models
from core.llm.scripted import ScriptedModel
from core.llm.tokens import OpenAITokens
from core.ports import Claim, Models, Reply, Store
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.watching import UNWATCHED
from tests.support.bot import PRICE, Several
from tests.support.completions import KEY

LANE = "test"
LENGTH = 256
"""Characters that a message of this platform holds."""
PLENTY = Rate(1000.0, 1000.0)


@dataclass(frozen=True, slots=True)
class Orders:
    """How a station runs. clock_ahead: seconds its clock is ahead of the machine's, so that a lease which a killed
    station left has lapsed at once. word_delay: seconds between two words of an answer. budget: nano-dollars that all
    users together may spend in a day, at `PRICE`; None: any. server: the URL of the model's server, which takes `at_once` calls from
    all stations; empty: the scripted model. quiet: logs only warnings."""

    store: str
    platform: int
    lease: float = 30.0
    clock_ahead: float = 0.0
    word_delay: float = 0.0
    options: StoreOptions = field(default_factory=StoreOptions)
    budget: int | None = None
    server: str = ""
    at_once: int = 0
    quiet: bool = False


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
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    def tell(self, **order: object) -> None:
        self._writer.write(json.dumps(order | {"pid": os.getpid()}).encode() + b"\n")

    def phase(self, name: str) -> None:
        self.tell(op="phase", name=name)

    async def ask(self, **order: object) -> dict[str, Any]:
        rid = next(self._rids)
        done: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
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
                    self._done(order)

    def _done(self, order: dict[str, Any]) -> None:
        waiting = self._waiting.pop(order["rid"])
        if not waiting.done():
            waiting.set_result(order)


class StationSurface:
    """The platform's place for one answer."""

    limits = Limits(LENGTH)

    def __init__(self, link: Link, turn: Turn) -> None:
        self._link = link
        self._turn = turn

    def route(self, deed: Deed) -> Route:
        chat = self._turn.incoming.conversation
        return Route(chat, f"{deed} {chat}")

    async def find(self, nonce: str) -> Ref | None:
        found = await self._link.ask(op="find", nonce=nonce)
        return Ref(found["id"]) if found["id"] else None

    async def post(self, page: Page, slip: Slip) -> Posted:
        place = {"conversation": self._turn.incoming.conversation, "turn": self._turn.id, "nonce": slip.nonce}
        posted = await self._link.ask(op="post", text=page.text, **place)
        self._link.phase("posted")
        return Posted(Ref(posted["id"]), as_given=posted["text"] == page.text)

    async def edit(self, ref: Ref, page: Page) -> None:
        self._be_there(await self._link.ask(op="edit", id=ref, text=page.text))
        self._link.phase("edited")

    async def delete(self, ref: Ref) -> None:
        self._be_there(await self._link.ask(op="delete", id=ref))

    async def typing(self) -> None:
        """Nobody looks."""

    def _be_there(self, done: dict[str, Any]) -> None:
        if not done["id"]:
            raise MessageGone(self._turn.id)


class StationReplies:
    def __init__(self, link: Link, means: Means) -> None:
        self._link = link
        self._means = means

    @asynccontextmanager
    async def open(self, turn: Turn, claim: Claim) -> AsyncIterator[Reply]:
        async with LiveReply(StationSurface(self._link, turn), turn, claim, self._means) as reply:
            yield reply


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
        models = await stack.enter_async_context(_models(orders, real, clock))
        queues = await stack.enter_async_context(_lines(orders, real, Trade(clock, chance, UNWATCHED)))
        budgets = TurnBudgets(Spending(store, clock, policy_of(orders)), Throttle(store, clock, ThrottlePolicy()))
        admission = Admission(store, clock, Access())
        world = World(store, budgets, models, OpenAITokens(), clock, chance, admission, lines=queues)
        conversations = Conversations(world, Personas([Persona("echo", "Repeat.")]), ConversationSettings())
        gates = Pacer(clock, RateGate(PLENTY, clock.monotonic()), lambda _: RateGate(PLENTY, clock.monotonic()))
        means = Means(await stack.enter_async_context(gates), clock, Controls(store))
        place = Workplace(store, conversations, StationReplies(link, means), clock, chance)
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


@asynccontextmanager
async def _models(orders: Orders, store: Store, clock: AheadClock) -> AsyncIterator[Models]:
    if not orders.server:
        yield Several([ScriptedModel(ModelSpec("echo", 8192, 1024, price=PRICE), clock, delay=orders.word_delay)])
        return
    model = ModelConfig(id="echo", provider="server", window=8192)
    provider = ProviderConfig(base_url=orders.server, api_key=SecretStr(KEY))
    async with open_models([model], {"server": provider}, store, clock) as catalogue:
        yield catalogue


def _lines(orders: Orders, store: Store, trade: Trade) -> Lines:
    """Places lapse as turns do."""
    queue = Queue("server", orders.at_once, orders.lease, WORD)
    return Lines({"echo": Line(store, queue, trade)} if orders.at_once else {})


def policy_of(orders: Orders) -> SpendingPolicy:
    return SpendingPolicy({} if orders.budget is None else {Whose.TOTAL: Allowance(day=orders.budget)})


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
    if orders.quiet:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(station(orders))

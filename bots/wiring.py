"""Builds the running bot out of its parts: the only module that knows every concrete class."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import structlog

from bots import __version__
from bots.output import complain
from bots.shared.departing import Departure
from bots.shared.hooks import Hooks
from bots.shared.platform import AllReplies, Desk, Finding, Platform, PlatformModule
from bots.shared.reloading import Reloading
from bots.shared.surface import SurfaceRefused
from bots.terminal.app import Desk as TerminalDesk
from bots.terminal.opening import open_terminal
from bots.terminal.translate import Seat, language_of
from core.chance import SystemChance
from core.clock import SystemClock
from core.config import Config, secrets_of, user_locale, user_login
from core.conversations.admitting import Admission
from core.conversations.asking import AskingPolicy
from core.conversations.commands import Commands
from core.conversations.invoking import Services
from core.conversations.keeping import Keeping
from core.conversations.moderating import Bench, Moderation, ModerationPolicy
from core.conversations.personas import Persona, Personas
from core.conversations.relaying import Relaying
from core.conversations.service import Conversations, ConversationSettings, World
from core.conversations.stats import Running, Statistics
from core.conversations.tallying import Tallying
from core.errors import SurfaceClosed
from core.inbox.worker import Worker, WorkerSettings, Workplace
from core.limits.budgets import Spending, TurnBudgets
from core.limits.configured import access_policy, queues, spending_policy, throttle_policy
from core.limits.lines import SharedLines, Trade
from core.limits.pseudonyms import pseudonyms
from core.limits.throttling import Throttle
from core.llm.catalogue import LOCAL, Catalogue, open_models
from core.llm.moderation import Moderators, open_moderators
from core.llm.tokens import OpenAITokens
from core.ports import Chance, Clock, Facts, Replies, Store
from core.ports_sharing import Secrets
from core.redaction import hide
from core.stores import backup
from core.stores.backup import Progress
from core.stores.copying import copy
from core.stores.opening import open_store
from core.stores.options import StoreOptions
from core.stores.sweeping import keep_swept
from core.tasks import cancelled
from core.telemetry.logs import ANNOUNCEMENTS, LogPolicy, set_up
from core.telemetry.metrics import Metrics
from core.telemetry.vitals import ProcessVitals, tell_of_jumps
from core.tracing import UNTRACED, Observer
from core.watching import Watch

log = structlog.get_logger(__name__)

TRACES = "traces"
"""Under this name the store keeps what names in traces are made with."""
WARM = "warm"
"""Counted before anybody asks: the vocabularies take a tenth of a second to load, in which nobody else is answered."""
REAL_MODELS = "for others set OPENAI_API_KEY, or name a server in config.yaml"
NO_FILE = "there was no configuration file at the start: one is taken up by a restart"
HUNG_UP = 129
"""The exit code after SIGHUP, as shells count."""


@dataclass(frozen=True, slots=True)
class House:
    """Everything a platform needs to take messages and have them answered."""

    config: Config
    store: Store
    models: Catalogue
    personas: Personas
    conversations: Conversations
    services: Services
    commands: Commands
    clock: Clock
    chance: Chance
    watch: Watch
    vitals: ProcessVitals
    spending: Spending
    throttle: Throttle
    lines: SharedLines
    moderation: Moderation
    moderators: Moderators
    tally: Tallying

    def take_up(self, config: Config) -> None:
        """What holds from the next turn on, of a configuration that was changed meanwhile."""
        self.services.admission.configure(access_policy(config))
        self.conversations.configure(_settings(config))
        self.personas.configure(_personas(config))
        self.spending.configure(spending_policy(config))
        self.throttle.configure(throttle_policy(config))
        self.lines.configure(queues(config))
        hide(secrets_of(config))
        self.models.take_keys(config.providers)
        self.moderators.take_keys(config.providers)
        self.moderation.configure(_bench(config, self.moderators))

    def desk(self, hooks: Hooks | None) -> Desk:
        limits = (self.spending, self.throttle, self.lines, self.moderation, self.tally)
        relaying = Relaying(self.clock, self.models, OpenAITokens(), self.config.fallback, self.watch, *limits)
        told = (self.watch, self.vitals, self.services, relaying)
        return Desk(self.store, self.commands, self.clock, self.chance, *told, hooks)

    def departure(self, seconds: float | None) -> Departure:
        return Departure(self.vitals, self.clock, seconds or 0.0)

    def worker(self, lanes: frozenset[str], replies: Replies) -> Worker:
        inbox = self.config.inbox
        place = Workplace(self.store, self.conversations, replies, self.clock, self.chance, self.watch)
        settings = WorkerSettings(lanes, inbox.concurrency, inbox.lease, inbox.drain, inbox.max_attempts)
        return Worker(place, settings)


def clock() -> Clock:
    return SystemClock()


def store(config: Config) -> AbstractAsyncContextManager[Store]:
    return store_at(config, config.store)


def store_at(config: Config, url: str, *, read_only: bool = False) -> AbstractAsyncContextManager[Store]:
    """The store at *url*, with the options of the configuration. *read_only* as in `StoreOptions`."""
    replicas, wait = config.redis.replicas, config.redis.replica_wait
    options = StoreOptions(config.history.ttl, replicas, wait, read_only, config.privacy.keys)
    return open_store(url, clock(), options)


async def back_up(config: Config, file: Path, progress: Progress) -> None:
    """As `core.stores.backup.back_up`."""
    await backup.back_up(config.store, file, clock(), progress)


async def restore(config: Config, file: Path, progress: Progress) -> int:
    """A backup into the store, while it is used; how many records. The backup stays as it is. Raises StoreError."""
    return await copy_store(config, backup.url_of(file), config.store, progress)


async def copy_store(config: Config, source: str, target: str, progress: Progress) -> int:
    """Everything at the one URL to the other, as `core.stores.copying.copy` does it; the one stays as it is. Raises
    StoreError, also where there is no store to copy from: a name with a slip in it is no empty store."""
    async with store_at(config, source, read_only=True) as old, store_at(config, target) as new:
        return await copy(old, new, progress)


def log_to_stderr(config: Config, *, quiet: bool) -> None:
    """As the configuration says. *quiet*: at least warnings only, where a conversation is on the same screen."""
    level = "warning" if quiet and config.log.level == "info" else config.log.level
    set_up(LogPolicy(level, config.log.format, config.log.content, secrets_of(config)))


def announcer(config: Config) -> Callable[[str], None]:
    """Who is told what the operator wants to see: the log, where each of its lines is to be JSON."""
    if config.log.format != "json":
        return complain
    told = structlog.get_logger(ANNOUNCEMENTS)
    return lambda line: told.info("announced", detail=line)


def models(config: Config, facts: Facts, observer: Observer = UNTRACED) -> AbstractAsyncContextManager[Catalogue]:
    return open_models(config.models, config.providers, facts, clock(), observer)


@asynccontextmanager
async def metrics(config: Config, secrets: Secrets) -> AsyncIterator[Metrics]:
    """Counts, and traces where that is configured: then its library is loaded, and not before."""
    if not config.telemetry.traces:
        yield Metrics()
        return
    chance = SystemChance()
    key = await secrets.secret(TRACES, chance.name() + chance.name())
    opening: AbstractAsyncContextManager[Metrics]
    opening = import_module("core.telemetry.traces").open_traces(config.telemetry, clock(), key)
    async with opening as traced:
        yield traced


def moderators(config: Config) -> AbstractAsyncContextManager[Moderators]:
    return open_moderators(config.providers, clock())


@asynccontextmanager
async def house(config: Config) -> AsyncIterator[House]:
    async with (
        store(config) as kept,
        metrics(config, kept) as watch,
        models(config, kept, watch) as catalogue,
        moderators(config) as judges,
    ):
        personas = Personas(_personas(config))
        time, chance = clock(), SystemChance()
        admission = Admission(kept, time, access_policy(config))
        counted = await pseudonyms(kept, chance)
        tally = Tallying(kept, time, counted.hide)
        spending = Spending(counted, time, spending_policy(config))
        throttle = Throttle(counted, time, throttle_policy(config))
        budgets = TurnBudgets(spending, throttle)
        lines = SharedLines(kept, Trade(time, chance, watch), catalogue.slots())
        lines.configure(queues(config))
        judging = Moderation(time, chance, watch, _bench(config, judges))
        world = World(kept, budgets, catalogue, OpenAITokens(), time, chance, admission, watch, lines, judging, tally)
        conversations = Conversations(world, personas, _settings(config))
        keeping = Keeping(config.history.ttl, bool(config.privacy.keys))
        statistics = Statistics(kept, kept, time, Running(__version__, time.now()))
        reading = (conversations, catalogue, personas, kept, budgets, keeping, admission, kept, statistics)
        services = Services(kept, kept, *reading)
        commands = Commands(services)
        sweeping = asyncio.create_task(keep_swept(kept, time, config.history.ttl), name="sweeping the store")
        looking = asyncio.create_task(tell_of_jumps(time), name="looking at the clock")
        try:
            vitals = ProcessVitals(kept, watch, time)
            served = (conversations, services, commands, time, chance, watch, vitals)
            async with lines:
                yield House(
                    config, kept, catalogue, personas, *served, spending, throttle, lines, judging, judges, tally
                )
        finally:
            await cancelled(sweeping, looking)


async def chat(config: Config, conversation: str) -> int:
    """The terminal chat, until the user leaves; the exit code. Who can start it may use it, as an admin: access lists are
    for those who come over a network."""
    seat = Seat(user_login(), conversation, language_of(user_locale()))
    access = config.access.model_copy(update={"admins": (*config.access.admins, seat.person)})
    async with house(config.model_copy(update={"access": access})) as here:
        desk = TerminalDesk(here.store, here.store, here.commands, here.clock, here.chance)
        terminal = open_terminal(desk, seat, here.models.loading)
        worker = here.worker(frozenset({seat.lane}), terminal)
        return await _converse([terminal.run()], worker, here.departure(None))


async def serve(config: Config, names: Sequence[str], announce: Callable[[str], None], file: Path | None = None) -> int:
    """Serves the platforms *names* until SIGTERM; the exit code. *announce* is told what the operator wants to see, such
    as that a platform cannot be served: the others go on, and where there is none this ends. *file*: where the
    configuration stands, to be taken up again when it changes; and on SIGHUP, where no terminal says by it that it is
    closed."""
    OpenAITokens().count(WARM)
    async with house(config) as here, AsyncExitStack() as opened:
        for line in _about_models(config, here.models.names()):
            announce(line)
        await opened.enter_async_context(probes(config, here, announce))
        desk = here.desk(Hooks() if "web" in names else None)
        platforms = [
            await opened.enter_async_context(_platform(name).open_platform(desk, config, announce)) for name in names
        ]
        everywhere = AllReplies(platforms)
        worker = here.worker(everywhere.lanes, everywhere)
        asked: Callable[[], None] = partial(announce, NO_FILE)
        if file is not None:
            watching = Reloading(config, file, here.clock, here.take_up, announce)
            asked = (await opened.enter_async_context(watching)).ask
        talking = [_served(platform, here.watch, announce) for platform in platforms]
        leave = config.web.leave if "web" in names else None
        return await _converse(talking, worker, here.departure(leave), asked)


def _about_models(config: Config, usable: Sequence[str]) -> Iterator[str]:
    """For whoever set none up, what to expect."""
    if not usable:
        yield f"no model can be used; {REAL_MODELS}"
    elif any(model.id == usable[0] and model.provider == LOCAL for model in config.models):
        yield f"answers come from {usable[0]}, the small model that is built in; {REAL_MODELS}"


@asynccontextmanager
async def probes(config: Config, here: House, announce: Callable[[str], None]) -> AsyncIterator[None]:
    """Where it is configured, those who watch the process are answered until the block ends."""
    async with AsyncExitStack() as opened:
        if config.telemetry.port is not None:
            opening = import_module("bots.web.probing").open_probes(config, here.vitals, here.clock, announce)
            try:
                await opened.enter_async_context(opening)
            except SurfaceRefused as problem:
                announce(f"telemetry is off: {problem}")
        yield


async def examine(config: Config, name: str) -> Sequence[Finding]:
    """What the platform *name* says of the bot. Raises SurfaceRefused and SurfaceUnavailable."""
    return await _platform(name).examine(config, clock())


def _platform(name: str) -> PlatformModule:
    """Loaded now: a platform that is off costs neither time nor memory."""
    return cast("PlatformModule", import_module(f"bots.{name}.app"))


async def _served(platform: Platform, watch: Watch, announce: Callable[[str], None]) -> int:
    watch.served(platform.lane, on=True)
    try:
        return await platform.run()
    except (SurfaceRefused, SurfaceClosed) as problem:
        watch.served(platform.lane, on=False)
        announce(f"{platform.lane} is off: {problem}")
        return 1


async def _converse(
    listening: Sequence[Coroutine[Any, Any, int]],
    worker: Worker,
    departure: Departure,
    asked: Callable[[], None] | None = None,
) -> int:
    """Reads and answers until nobody listens any more, or SIGTERM was received and the running answers have ended. A
    terminal that is closed under it leaves them at once, to be resumed by whoever comes next; *asked*: as in
    `heed_hangup`."""
    loop = asyncio.get_running_loop()
    talking = asyncio.create_task(_all(listening), name="listening")
    working = asyncio.create_task(worker.run(), name="working")
    loop.add_signal_handler(signal.SIGTERM, departure.begin, worker.drain)
    heed_hangup(talking.cancel, asked)
    try:
        await asyncio.wait({talking, working}, return_when=asyncio.FIRST_COMPLETED)
        if talking.cancelled():
            return HUNG_UP
        if talking.done():
            return max(talking.result())
        working.result()
        return 0
    finally:
        departure.end()
        await cancelled(talking, working)


def heed_hangup(closed: Callable[[], object], asked: Callable[[], None] | None) -> None:
    """SIGHUP says that the terminal is *closed*, and where there is none, and *asked* is not None, that somebody wants the
    configuration to be read."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as under nohup
        return
    has_terminal = sys.stdin is not None and sys.stdin.isatty()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, closed if has_terminal or asked is None else asked)


async def _all(listening: Sequence[Coroutine[Any, Any, int]]) -> list[int]:
    """Each ends in its own time, also when told to: none that is done sooner cuts another short."""
    tasks = [asyncio.create_task(one) for one in listening]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        return [task.result() for task in ended]
    finally:
        await cancelled(*tasks)


def _personas(config: Config) -> list[Persona]:
    return [Persona(persona.name, persona.prompt) for persona in config.personas]


def _bench(config: Config, moderators: Moderators) -> Bench:
    wanted = config.moderation
    policy = ModerationPolicy(wanted.questions, wanted.answers, wanted.on_failure == "refuse", wanted.timeout)
    return Bench(moderators.get(wanted), policy, wanted.provider or "")


def _settings(config: Config) -> ConversationSettings:
    answer = config.answer
    return ConversationSettings(
        context_tokens=config.context.max_tokens,
        keep=config.context.keep,
        max_age=config.inbox.max_age,
        fallback=config.fallback,
        asking=AskingPolicy(answer.attempts, answer.backoff, answer.max_tokens),
    )

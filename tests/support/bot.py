"""A bot in small: the real core over a real SQLite file, with scripted models. A test takes it turn by turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.chance import SystemChance
from core.conversations.access import Access
from core.conversations.admitting import Admission
from core.conversations.commands import Commands, parse
from core.conversations.invoking import Reaction, Services
from core.conversations.keeping import Keeping
from core.conversations.personas import Persona, Personas
from core.conversations.reports import note_on
from core.conversations.service import Conversations, ConversationSettings, World
from core.conversations.stats import Running, Statistics
from core.conversations.tallying import Tallying
from core.domain import Answer, ConversationId, Incoming, ModelSpec, PersonId, Price, Sender, TextPart, TurnId
from core.errors import ChatError
from core.limits.allowances import SpendingPolicy
from core.limits.budgets import Spending, TurnBudgets
from core.limits.pseudonyms import Pseudonyms
from core.limits.throttling import Throttle, ThrottlePolicy
from core.llm.scripted import Script, ScriptedModel
from core.llm.tokens import OpenAITokens
from core.ports import Clock, Outcome, Store
from core.stores.opening import open_store
from core.stores.options import StoreOptions

LANE = "test"
CHAT = ConversationId("test:1")
LEASE = 30.0
PRICE = Price(input=1_000, output=4_000, cached=100)


class Several:
    """`Models` of a few scripted ones."""

    def __init__(self, models: Iterable[ScriptedModel]) -> None:
        self._models = {model.spec.id: model for model in models}

    def names(self) -> Sequence[str]:
        return list(self._models)

    def get(self, name: str) -> ScriptedModel:
        return self._models.get(name) or next(iter(self._models.values()))


@dataclass
class Notes:
    """A reply that notes what a user would see."""

    drafts: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    final: str = ""
    instead_of: str = ""
    note: str = ""
    problem: ChatError | None = None

    def draft(self, text: str) -> None:
        self.drafts.append(text)

    def wait(self, place: int) -> bool:
        self.places.append(place)
        return True

    async def finish(self, answer: Answer) -> None:
        self.final, self.instead_of, self.note = answer.text, answer.instead_of, note_on(answer, "en")

    async def fail(self, problem: ChatError) -> None:
        self.problem = problem


@dataclass
class Bot:
    store: Store
    clock: Clock
    models: Several
    conversations: Conversations
    commands: Commands
    events: int = 0

    def incoming(self, text: str = "", person: str = "test:ada", language: str = "en") -> Incoming:
        self.events += 1
        return Incoming(
            event_id=TurnId(f"test:{self.events}"),
            conversation=CHAT,
            lane=LANE,
            sender=Sender(PersonId(person), "Ada", language),
            parts=(TextPart(text),) if text else (),
            sent_at=self.clock.now(),
        )

    async def tell(self, text: str, *scripts: Script) -> Notes:
        """Says *text*, or runs it if it is a command that asks; the answer to it."""
        self.models.get("").scripts.extend(scripts)
        if parse(text):
            await self.run(text)
        else:
            await self.store.put(self.incoming(text))
        return await self.answer()

    async def run(self, text: str, person: str = "test:ada", language: str = "en") -> Reaction:
        """Runs the command ``/name argument``."""
        name, argument = parse(text) or ("", "")
        return await self.commands.run(name, argument, self.incoming(person=person, language=language))

    async def answer(self) -> Notes:
        """Answers the turn that waits, as a worker does."""
        turn = await self.store.claim([LANE], LEASE)
        assert turn is not None, "nothing waits for an answer"
        notes = Notes()
        outcome: Outcome = await self.conversations.answer(turn, notes)
        await self.store.finish(turn, outcome)
        return notes

    async def context(self) -> list[str]:
        """The texts that the model would see."""
        return [message.text for message, _ in (await self.conversations.context(CHAT, "")).kept]


def unlimited(store: Store, clock: Clock) -> TurnBudgets:
    """Budgets where the operator configured none."""
    return TurnBudgets(Spending(store, clock, SpendingPolicy()), Throttle(store, clock, ThrottlePolicy()))


@asynccontextmanager
async def open_bot(
    folder: Path,
    clock: Clock,
    access: Access | None = None,
    models: tuple[str, ...] = ("alpha", "beta"),
    settings: ConversationSettings | None = None,
    equip: Callable[[World], World] = lambda world: world,
) -> AsyncIterator[Bot]:
    """*equip*: gives its world something else than it has by itself."""
    async with open_store(f"sqlite:///{folder}/parlour.db", clock, StoreOptions()) as store:
        several = Several(ScriptedModel(ModelSpec(name, 8192, 1024, price=PRICE), clock) for name in models)
        personas = Personas([Persona("assistant", "Be helpful."), Persona("pirate", "Speak like a pirate.")])
        admission, keeping = Admission(store, clock, access or Access()), Keeping(30 * 86_400.0, sealed=True)
        world = World(store, unlimited(store, clock), several, OpenAITokens(), clock, SystemChance(), admission)
        tally = Tallying(store, clock, Pseudonyms(store, "secret").hide)
        world = equip(replace(world, tally=tally))
        conversations = Conversations(world, personas, settings or ConversationSettings())
        statistics = Statistics(store, store, clock, Running("1.2.3", clock.now()))
        services = Services(
            store, store, conversations, several, personas, store, world.budgets, keeping, admission, store, statistics
        )
        yield Bot(store, clock, several, conversations, Commands(services))

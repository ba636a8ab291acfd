"""Learnt facts, forgetting and copying, in an SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.domain import ModelFacts, Record
from core.stores.codec import FACTS
from core.stores.options import StoreOptions
from core.stores.sqlite import copies, sharing, shelf
from core.stores.sqlite.database import Database, Session
from core.stores.sqlite.outbox import forget_unsaid
from core.stores.sqlite.paces import forget_paces
from core.stores.sqlite.places import forget_places
from core.stores.sqlite.purses import forget_purses
from core.stores.sqlite.receipts import forget_receipts
from core.stores.sqlite.tallies import forget_tallies
from core.stores.sqlite.wake import Wake

EVENT_MEMORY = 7 * 86_400.0  # seconds after the turn ended; `Inbox.put` promises 7 days
_EVENTS_AT_ONCE = 1_000  # so that a sweep never keeps the writer long
_CONVERSATIONS_AT_ONCE = 20


class SqliteUpkeep:
    _database: Database
    _wake: Wake
    _options: StoreOptions

    async def facts(self) -> dict[str, ModelFacts]:
        rows = await self._database.read(lambda session: session.all("SELECT model, body FROM facts"))
        return {model: FACTS.decode(body) for model, body in rows}

    async def learn(self, model: str, facts: ModelFacts) -> None:
        await self._database.write(lambda session: copies.put_facts(session, model, FACTS.encode(facts)))

    @property
    def description(self) -> str:
        return f"SQLite {self._database.called}"

    async def warnings(self) -> tuple[str, ...]:
        await self._database.read(lambda session: session.one("SELECT 1 FROM migrations"))
        return ()

    async def probe(self) -> None:
        await self._database.agree(self._database.time.now())

    async def sweep(self) -> int:
        total = 0
        for forget in (
            _forget_events,
            _forget_failures,
            sharing.forget_bookmarks,
            forget_receipts,
            forget_unsaid,
            forget_purses,
            forget_paces,
            forget_tallies,
            forget_places,
        ):
            while deleted := await self._database.write(forget):
                total += deleted
        if (ttl := self._options.history_ttl) is not None:
            for forget_old in (_forget_conversations, shelf.forget_shelved):
                while deleted := await self._database.write(partial(forget_old, ttl=ttl)):
                    total += deleted
        await self._database.wipe()
        return total

    async def page(self, cursor: str, limit: int) -> tuple[tuple[Record, ...], str]:
        return await self._database.read(lambda session: copies.page(session, cursor, limit))

    async def size(self) -> int:
        return await self._database.read(copies.size)

    async def load(self, records: Sequence[Record]) -> None:
        await self._database.write(lambda session: copies.load(session, records))
        self._wake.changed()


def _forget_events(session: Session) -> int:
    deleted = session.run(
        "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE ended <= ? LIMIT ?)",
        session.now - EVENT_MEMORY,
        _EVENTS_AT_ONCE,
    )
    return deleted.rowcount


def _forget_failures(session: Session) -> int:
    return session.run("DELETE FROM failures WHERE ended <= ?", session.now - EVENT_MEMORY).rowcount


def _forget_conversations(session: Session, ttl: float) -> int:
    rows = session.all(
        """SELECT id FROM conversations WHERE touched <= ?
        AND NOT EXISTS (SELECT 1 FROM turns WHERE conversation = conversations.id) LIMIT ?""",
        session.now - ttl,
        _CONVERSATIONS_AT_ONCE,
    )
    return sum(shelf.forget(session, name) for (name,) in rows)

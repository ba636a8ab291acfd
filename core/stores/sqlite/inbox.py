"""`core.ports.Inbox` in an SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress

from core.domain import ConversationId, InboxDepth, Incoming, Ref, SetAside, Turn, TurnId
from core.errors import StoreError
from core.ports import Outcome
from core.stores.sqlite import turns
from core.stores.sqlite.database import Database, Operation, T
from core.stores.sqlite.wake import Wake


class SqliteInbox:
    _database: Database
    _wake: Wake

    async def put(self, incoming: Incoming) -> bool:
        return await self._change(lambda session: turns.put(session, incoming))

    async def withdraw(self, conversation: ConversationId, ref: Ref) -> bool:
        return await self._change(lambda session: turns.withdraw(session, conversation, ref))

    async def claim(self, lanes: Collection[str], lease: float) -> Turn | None:
        await self._database.time.keep()
        self._wake.looked()
        claiming = self._database.write(lambda session: turns.claim(session, lanes, lease))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            claiming.add_done_callback(self._give_back)
            raise

    def _give_back(self, claiming: asyncio.Future[Turn | None]) -> None:
        """Nobody waits for this claim any more; without this its conversation would stand still for a whole lease."""
        if claiming.cancelled() or claiming.exception() or (turn := claiming.result()) is None:
            return
        postponing = self._database.write(lambda session: turns.postpone(session, turn, 0.0, spent=False))
        # Lost the lease or the disk meanwhile: then the turn comes back by itself.
        postponing.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def renew(self, turn: Turn, lease: float) -> bool:
        return await self._database.write(lambda session: turns.renew(session, turn, lease))

    async def remember(self, turn: Turn, ref: Ref) -> None:
        await self._database.write(lambda session: turns.remember(session, turn, ref))

    async def forget(self, turn: Turn, ref: Ref) -> None:
        await self._database.write(lambda session: turns.forget(session, turn, ref))

    async def finish(self, turn: Turn, outcome: Outcome) -> None:
        await self._change(lambda session: turns.finish(session, turn, outcome))

    async def postpone(self, turn: Turn, seconds: float, *, spent: bool) -> None:
        await self._change(lambda session: turns.postpone(session, turn, seconds, spent=spent))

    async def set_aside(self, turn: Turn, reason: str) -> None:
        await self._change(lambda session: turns.set_aside(session, turn, reason))

    async def asked(self, conversation: ConversationId, turn: TurnId) -> Incoming | None:
        return await self._database.read(lambda session: turns.asked(session, conversation, turn))

    async def waiting(self, conversation: ConversationId) -> tuple[Incoming, ...]:
        return await self._database.read(lambda session: turns.waiting(session, conversation))

    async def stop(self, conversation: ConversationId, turn: TurnId | None = None) -> bool:
        return await self._change(lambda session: turns.stop(session, conversation, turn))

    async def wait(self, seconds: float) -> frozenset[TurnId]:
        await self._wake.wait(seconds)
        with suppress(StoreError):
            return await self._database.read(turns.stopped)
        return frozenset()

    async def aside(self) -> tuple[SetAside, ...]:
        return await self._database.read(turns.aside)

    async def requeue(self, turn: TurnId) -> bool:
        return await self._change(lambda session: turns.requeue(session, turn))

    async def drop(self, turn: TurnId) -> bool:
        return await self._change(lambda session: turns.drop(session, turn))

    async def depth(self) -> InboxDepth:
        return await self._database.read(turns.depth)

    async def _change(self, operation: Operation[T]) -> T:
        result = await self._database.write(operation)
        self._wake.changed()
        return result

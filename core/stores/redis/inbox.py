"""The inbox. What each step changes stands in the Lua file of the same name."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from core.domain import ConversationId, InboxDepth, Incoming, Ref, SetAside, Turn, TurnId
from core.errors import LeaseLost, StoreError
from core.ports import Outcome
from core.stores.codec import INCOMING
from core.stores.redis.database import Database
from core.stores.redis.values import fields_of, incoming_of, set_aside_of, turn_of
from core.stores.redis.wake import Wake


class RedisInbox:
    _database: Database
    _wake: Wake

    async def put(self, incoming: Incoming) -> bool:
        conversation = incoming.conversation
        new = await self._database.run_kept(
            "put",
            conversation,
            incoming.event_id,
            conversation,
            incoming.lane,
            INCOMING.encode(incoming),
            incoming.asked_as or "",
            incoming.reply_to or "",
            incoming.revises or "",
            incoming.group or "",
            self._database.time.now() + incoming.hold if incoming.hold else "",
            incoming.again or incoming.show or "",
            incoming.replaces or "",
            incoming.show or "",
            "" if incoming.parts else 1,
            incoming.sender.id,
            *incoming.quoted,
        )
        self._changed(conversation)
        return bool(new)

    async def withdraw(self, conversation: ConversationId, ref: Ref) -> bool:
        return bool(await self._database.run("withdraw", conversation, conversation, ref))

    async def claim(self, lanes: Collection[str], lease: float) -> Turn | None:
        claiming = asyncio.create_task(self._claim(lanes, lease), name="redis claim")
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # Nobody waits for this claim any more; its conversation is not to stand still for a whole lease.
            with suppress(StoreError, LeaseLost):  # then the turn comes back by itself
                if turn := await claiming:
                    await self.postpone(turn, 0.0, spent=False)
            raise

    async def _claim(self, lanes: Collection[str], lease: float) -> Turn | None:
        if not lanes:
            return None
        await self._database.time.keep()
        for partition in self._wake.partitions:
            if turn := await self._claim_in(partition, lanes, lease):
                return turn
        await self._look(lanes)
        for partition in self._wake.partitions:
            if turn := await self._claim_in(partition, lanes, lease):
                return turn
        return None

    async def _claim_in(self, partition: str, lanes: Collection[str], lease: float) -> Turn | None:
        until = self._database.time.now() + lease
        call = self._database.call("claim", partition, until, _consumer(), *sorted(lanes))
        found: list[Any] = await self._database.link.run(call)
        if not found[0]:
            self._wake.no_work(partition)
            return None
        self._wake.turn_to(partition)
        turn, fields, conversation, shown = found
        return turn_of(turn, fields_of(fields), fields_of(conversation), shown)

    async def _look(self, lanes: Collection[str]) -> None:
        """A claim must not miss what no message has told of yet: one round trip asks every partition."""
        found = await self._database.run_everywhere("peek", *sorted(lanes))
        for partition, (claimable, _) in zip(self._database.partitions, found, strict=True):
            if claimable:
                self._wake.turn_to(partition)
        self._wake.again_at(min((float(moment) for _, moment in found if moment), default=None))

    async def renew(self, turn: Turn, lease: float) -> bool:
        return await self._database.run_held("renew", turn, self._database.time.now() + lease) == _STOP

    async def remember(self, turn: Turn, ref: Ref) -> None:
        await self._database.run_held("remember", turn, ref)

    async def forget(self, turn: Turn, ref: Ref) -> None:
        await self._database.run_held("forget", turn, ref)

    async def finish(self, turn: Turn, outcome: Outcome) -> None:
        failed = INCOMING.encode(turn.incoming.kept) if outcome is Outcome.FAILED else ""
        await self._database.run_held("finish", turn, failed)
        self._changed(turn.incoming.conversation)

    async def postpone(self, turn: Turn, seconds: float, *, spent: bool) -> None:
        ready = self._database.time.now() + seconds
        await self._database.run_held("postpone", turn, ready, int(spent))
        self._changed(turn.incoming.conversation)

    async def set_aside(self, turn: Turn, reason: str) -> None:
        await self._database.run_held("set_aside", turn, reason, INCOMING.encode(turn.incoming.kept))
        self._changed(turn.incoming.conversation)

    async def asked(self, conversation: ConversationId, turn: TurnId) -> Incoming | None:
        fields = fields_of(await self._database.run("asked", conversation, conversation, turn))
        return incoming_of(fields) if "incoming" in fields else None

    async def waiting(self, conversation: ConversationId) -> tuple[Incoming, ...]:
        return await waiting(self._database, conversation)

    async def stop(self, conversation: ConversationId, turn: TurnId | None = None) -> bool:
        return bool(await self._database.run("stop", conversation, conversation, turn or ""))

    async def wait(self, seconds: float) -> frozenset[TurnId]:
        return await self._wake.wait(seconds)

    async def aside(self) -> tuple[SetAside, ...]:
        found = await self._database.run_everywhere("aside")
        rows = [set_aside_of(TurnId(turn), fields_of(fields)) for rows in found for turn, fields in rows]
        return tuple(sorted(rows, key=lambda row: row.at))

    async def requeue(self, turn: TurnId) -> bool:
        return any(await self._database.run_everywhere("requeue", turn))

    async def drop(self, turn: TurnId) -> bool:
        return any(await self._database.run_everywhere("drop", turn))

    async def depth(self) -> InboxDepth:
        found = await self._database.run_everywhere("depth")
        queued, running, aside = (sum(numbers) for numbers in list(zip(*found, strict=True))[:3])
        oldest = min((INCOMING.decode(first).sent_at for *_, first in found if first), default=None)
        return InboxDepth(queued, running, aside, oldest)

    def _changed(self, conversation: ConversationId) -> None:
        # This process hears of its own writes without the way over the server.
        self._wake.work(self._database.partition(conversation))


async def waiting(database: Database, conversation: ConversationId) -> tuple[Incoming, ...]:
    """As `core.ports.Inbox.waiting`."""
    rows = await database.run("waiting", conversation, conversation)
    return tuple(incoming_of(fields_of(fields)) for fields in rows)


_STOP = 2
"""What `renew.lua` answers when /stop was said."""


def _consumer() -> str:
    """Who holds an entry of a stream, for people who look into the database."""
    return f"{socket.gethostname()}:{os.getpid()}"

"""The partitions, and running a script in one of them or in all."""

from __future__ import annotations

import itertools
import math
import zlib
from typing import Any

from core.domain import ConversationId, Turn
from core.errors import LeaseLost
from core.ports import Clock
from core.stores.codec import removed, storable
from core.stores.options import StoreOptions
from core.stores.redis.link import Link
from core.stores.redis.scripts import Argument, Call
from core.stores.timekeeping import SharedTime

PREFIX = "parlour"
META = f"{PREFIX}:meta"
FACTS = f"{PREFIX}:facts"
SECRETS = f"{PREFIX}:secrets"
INDEXED = "voices"
"""The entry of `META` that says that it is noted who has words in which conversation."""
MEMORY = 7 * 86_400
"""Seconds for which an event id is remembered after its turn ended (`core.ports.Inbox.put`)."""


class Database:
    """partitions: how many the keys are spread over. All keys of a conversation lie in one, whose name is their hash
    tag, so that one script can change them all on a cluster."""

    def __init__(self, link: Link, clock: Clock, options: StoreOptions, partitions: int) -> None:
        self.link = link
        self.clock = clock
        self.time = SharedTime(clock, self.agree)
        self.options = options
        self.partitions = tuple(f"{PREFIX}:{{p{number}}}" for number in range(partitions))

    def partition(self, name: str) -> str:
        """Of a conversation, or of whatever else has keys of its own."""
        return self.partitions[zlib.crc32(storable(name).encode()) % len(self.partitions)]

    def nobodys(self, conversation: ConversationId) -> ConversationId:
        """The one in the same partition to whose ledger removed conversations add what they used."""
        partition = self.partition(conversation)
        names = map(removed, itertools.count())
        return next(name for name in names if self.partition(name) == partition)

    def key(self, kind: str, name: str) -> str:
        return f"{self.partition(name)}:{kind}:{storable(name)}"

    def call(self, name: str, partition: str, *arguments: Argument) -> Call:
        now, ttl = self.clock.now(), self.options.history_ttl or 0
        return Call(
            name, partition, (now, math.ceil(ttl), now + ttl, MEMORY, now + MEMORY, self.time.now(), *arguments)
        )

    async def agree(self, moment: float) -> float:
        """As `SharedTime` wants it. One partition keeps it for all."""
        return float(await self.link.run(self.call("agree", self.partitions[0], moment)))

    async def run(self, name: str, owner: str, *arguments: Argument) -> Any:
        """In the partition of the conversation (or bucket) *owner*."""
        return await self.link.run(self.call(name, self.partition(owner), *arguments))

    async def run_kept(self, name: str, conversation: ConversationId, *arguments: Argument) -> Any:
        """For what must survive a fail-over: waits for the replicas, where there are to be some."""
        call = self.call(name, self.partition(conversation), *arguments)
        if not self.options.replicas:
            return await self.link.run(call)
        return await self.link.run_kept(call, self.options.replicas, self.options.replica_wait)

    async def run_held(self, name: str, turn: Turn, *arguments: Argument) -> int:
        """A write of the turn's holder. Raises LeaseLost."""
        reply = await self.run(name, turn.incoming.conversation, turn.id, turn.token, *arguments)
        return held(turn, reply)

    async def run_everywhere(self, name: str, *arguments: Argument) -> list[Any]:
        return await self.link.run_all([self.call(name, partition, *arguments) for partition in self.partitions])


def held(turn: Turn, reply: int) -> int:
    if not reply:
        raise LeaseLost(turn.id)
    return reply

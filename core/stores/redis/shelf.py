"""`core.ports_sharing.Shelf`. A shelf lies in its owner's partition, a conversation in its own. What each step changes
stands in the Lua file of its name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core.domain import ConversationId, PersonId
from core.domain_sharing import Found, Shelved
from core.stores.codec import ShelfRow
from core.stores.redis.database import Database
from core.stores.redis.scripts import Call
from core.stores.redis.values import unpacked
from core.stores.searching import Words, search

_AT_ONCE = "500"  # messages of a long conversation that one step of a search reads


class RedisShelf:
    _database: Database

    async def shelve(self, owner: PersonId, conversation: ConversationId, title: str, *, rename: bool = False) -> None:
        if rename:
            await self._database.run("rename", owner, owner, conversation, title)
        else:
            row = ShelfRow(owner, conversation, title, self._database.clock.now())
            await self._database.link.run(shelving(self._database, row))

    async def shelf(self, owner: PersonId) -> tuple[Shelved, ...]:
        rows = await self._database.run("shelf", owner, owner)
        return tuple(Shelved(ConversationId(name), title, float(at)) for name, title, at in rows)

    async def search(self, owner: PersonId, words: str, limit: int) -> tuple[Found, ...]:
        wanted = Words(words)

        async def look(conversation: ConversationId, most: int) -> tuple[int, str | None]:
            packed = await self._packed_messages(conversation, most)
            # Reading thousands of them takes its time.
            return len(packed), await asyncio.to_thread(_found, packed, wanted)

        return await search(await self.shelf(owner), wanted, limit, look)

    async def _packed_messages(self, conversation: ConversationId, limit: int) -> list[str]:
        """Of one that has more than *limit*, any of them."""
        key, scan = self._database.key("m", conversation), "0"
        packed: list[str] = []
        while len(packed) < limit:
            scan, found = await self._database.link.execute("HSCAN", key, str(scan), "COUNT", _AT_ONCE)
            packed += found.values()
            if str(scan) == "0":
                break
        return packed[:limit]

    async def remove(self, owner: PersonId, conversation: ConversationId) -> int:
        # In this order: who is interrupted between the two still sees it and removes it again.
        nobodys = self._database.nobodys(conversation)
        rows: int = await self._database.run("remove", conversation, conversation, nobodys, "")
        return rows + int(await self._database.run("unshelve", owner, owner, conversation))


def _found(packed: Sequence[str], words: Words) -> str | None:
    """The excerpt of the newest message that has all the words."""
    newest_first = sorted(map(unpacked, packed), reverse=True)
    return words.first_excerpt(words.likely(text for _, text in newest_first))


def shelving(database: Database, row: ShelfRow, *, instead: bool = False) -> Call:
    """The step that writes *row*; *instead*: with its title in place of the one that is kept."""
    partition = database.partition(row.owner)
    return database.call("shelve", partition, row.owner, row.conversation, row.title, row.at, int(instead))

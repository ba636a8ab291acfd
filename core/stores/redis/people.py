"""`core.ports_people.People`. What each step changes stands in the Lua file of its name.

Who has words in a conversation is noted in its partition, so one round trip asks for all of them. Forgetting takes a few
for each conversation of the person; then each partition looks once through the event ids of a week and the receipts of a
day."""

from __future__ import annotations

import json
from collections.abc import Collection

from core.domain import ConversationId, Incoming, Message, PersonId, TurnId, question_id
from core.stores.codec import INCOMING, MESSAGE
from core.stores.forgetting import Forgotten, deleted, feeds_of, place_of, receipts_of, turns_in
from core.stores.redis.database import Database
from core.stores.redis.files import rewrite_files
from core.stores.redis.inbox import waiting
from core.stores.redis.rulings import forget_grant
from core.stores.redis.values import conversation_of, fields_of, incoming_of, message_of
from core.stores.redis.voices import voices

_AT_ONCE = 1_000  # feeds that one step deletes
_SILENCE = 60
"""Seconds after which whoever answered somebody who is forgotten has noticed: more than a lease."""
_OTHERS_TOO = -1
"""What `remove.lua` answers where others have a voice."""


class RedisPeople:
    _database: Database

    async def voices(self, person: PersonId) -> tuple[ConversationId, ...]:
        return await voices(self._database, person)

    async def company(self, conversation: ConversationId) -> frozenset[PersonId]:
        return frozenset(await self._database.link.execute("SMEMBERS", self._database.key("a", conversation)))

    async def unanswered(self, conversation: ConversationId) -> tuple[Incoming, ...]:
        return await _unanswered(self._database, conversation)

    async def forget_person(self, person: PersonId, tombstone: str) -> int:
        rows = await _Forgetting(self._database, Forgotten(person, tombstone)).run()
        if rows:
            await rewrite_files(self._database.link)
        return rows


async def _unanswered(database: Database, name: ConversationId) -> tuple[Incoming, ...]:
    aside, failed = await database.run("unanswered", name, name)
    found = (*(incoming_of(fields_of(fields)) for fields in aside), *map(INCOMING.decode, failed))
    return tuple({incoming.event_id: incoming for incoming in found}.values())


class _Forgetting:
    def __init__(self, database: Database, forgotten: Forgotten) -> None:
        self._database = database
        self._forgotten = forgotten
        self._person = forgotten.person
        self._feeds = set(feeds_of(self._person, ()))
        self._removed: list[ConversationId] = []

    async def run(self) -> int:
        rows = 0
        for name in await voices(self._database, self._person):
            rows += await self._conversation(name)
        return rows + await self._traces()

    async def _conversation(self, name: ConversationId) -> int:
        self._feeds.update(feeds_of(self._person, await self._turns(name)))
        nobodys = self._database.nobodys(name)
        rows: int = await self._database.run("remove", name, name, nobodys, self._person)
        if rows != _OTHERS_TOO:
            self._removed.append(name)
            return rows
        rows = await self._words(name)
        await self._database.run("unvoice", name, name, self._person)
        if late := await self._words(name):  # said between the two
            await self._database.run("voice", name, name, "", self._person)
            return rows + late + await self._conversation(name)
        return rows

    async def _turns(self, name: ConversationId) -> Collection[TurnId]:
        said, asked = await self._said(name), await self._asked(name)
        return turns_in(said, asked)

    async def _said(self, name: ConversationId) -> list[Message]:
        return [
            message_of(packed) for packed in await self._database.link.execute("HVALS", self._database.key("m", name))
        ]

    async def _asked(self, name: ConversationId) -> tuple[Incoming, ...]:
        return (*await waiting(self._database, name), *await _unanswered(self._database, name))

    async def _words(self, name: ConversationId) -> int:
        """Until nothing more is found: a turn that is answered meanwhile is a message afterwards."""
        rows = 0
        while plan := await self._plan(name):
            rows += await self._database.run("forget_words", name, name, json.dumps(plan))
        return rows

    async def _plan(self, name: ConversationId) -> dict[str, object] | None:
        """What is to change, as `forget_words.lua` takes it; None if nothing is."""
        asked, said = await self._asked(name), await self._said(name)
        gone = deleted(self._person, said)
        stay = {incoming.event_id: self._forgotten.turn(incoming, gone) for incoming in asked}
        leave = [turn for turn, left in stay.items() if left is None]
        changed = [(left.event_id, INCOMING.encode(left)) for left in stay.values() if left and left not in asked]
        messages = [(message.id, MESSAGE.encode(message)) for message in self._forgotten.rewritten(said)]
        questions = [message.id for message in said if message.sender == self._person]
        plan: dict[str, object] = {"turns": leave, "asked": changed, "messages": messages}
        plan["questions"] = [*questions, *map(question_id, leave)]
        failed = conversation_of(
            name, await self._database.link.execute("HGETALL", self._database.key("c", name))
        ).failed
        left = failed and self._forgotten.turn(failed, gone)
        if left != failed:
            plan["failed"] = INCOMING.encode(left) if left else ""
        return plan if any(plan.values()) or "failed" in plan else None

    async def _traces(self) -> int:
        names = [self._person, *self._removed]
        receipts = [key for name in names for key in receipts_of(name)]
        plan = {"events": names, "receipts": receipts, "places": list(map(place_of, self._removed))}
        rows: int = sum(await self._database.run_everywhere("erase", self._person, json.dumps(plan)))
        await self._forget_feeds()
        return rows + await forget_grant(self._database.link, self._person)

    async def _forget_feeds(self) -> None:
        homes: dict[str, list[str]] = {}
        for feed in sorted(self._feeds):
            homes.setdefault(self._database.partition(feed), []).append(feed)
        for partition, feeds in homes.items():
            for start in range(0, len(feeds), _AT_ONCE):
                some = feeds[start : start + _AT_ONCE]
                await self._database.link.run(self._database.call("forget_feeds", partition, _SILENCE, *some))

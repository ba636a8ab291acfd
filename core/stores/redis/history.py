"""The history. A conversation's messages lie in one hash; Lua walks from leaf to root."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from core.domain import (
    NO_USAGE,
    Answer,
    Conversation,
    ConversationId,
    Encoding,
    Exchange,
    Message,
    MessageId,
    Ref,
    Turn,
    Usage,
    UsageReport,
    answer_id,
)
from core.errors import StoreError
from core.stores.codec import MESSAGE, storable
from core.stores.redis.database import Database, held
from core.stores.redis.values import (
    conversation_of,
    message_arguments,
    message_of,
    unpacked,
    usage_by_day,
    usage_fields,
)


class RedisHistory:
    _database: Database

    async def conversation(self, conversation: ConversationId) -> Conversation:
        fields = await self._database.link.execute("HGETALL", self._database.key("c", conversation))
        return conversation_of(conversation, fields)

    async def configure(
        self, conversation: ConversationId, *, model: str | None = None, persona: str | None = None
    ) -> None:
        changes = {"model": model, "persona": persona}
        words = [word for name, value in changes.items() if value is not None for word in (name, value)]
        if words:
            await self._database.run("configure", conversation, conversation, *words)

    async def move(self, conversation: ConversationId, head: MessageId | None) -> None:
        await self._database.run("move", conversation, conversation, head or "")

    async def message(self, conversation: ConversationId, message: MessageId) -> Message | None:
        key = self._database.key("m", conversation)
        packed = await self._database.link.execute("HGET", key, storable(message))
        return message_of(packed) if packed else None

    async def path(
        self, conversation: ConversationId, leaf: MessageId | None, encoding: Encoding, window: int
    ) -> tuple[Message, ...]:
        if leaf is None:
            return ()
        found = await self._database.run("path", conversation, conversation, leaf, encoding.value, window)
        return MESSAGE.decode_all(reversed(found))

    async def children(self, conversation: ConversationId, parent: MessageId | None) -> tuple[Message, ...]:
        return MESSAGE.decode_all(await self._database.run("children", conversation, conversation, parent or ""))

    async def messages(self, conversation: ConversationId) -> tuple[Message, ...]:
        packed = await self._database.link.execute("HVALS", self._database.key("m", conversation))
        return MESSAGE.decode_all(text for _, text in sorted(map(unpacked, packed)))

    async def answer_to(self, turn: Turn) -> Answer | None:
        message = await self.message(turn.incoming.conversation, answer_id(turn.id))
        if message is None:
            return None
        if message.finish is None:
            raise StoreError(f"The store holds an answer that does not say how it ended: {message.id}")
        return Answer(message.id, message.text, message.model, message.finish, message.usage or NO_USAGE)

    async def commit(self, turn: Turn, exchange: Exchange) -> None:
        usage = usage_fields(exchange.answer.usage or NO_USAGE)
        messages = [message for message in (exchange.question, exchange.answer) if message]
        reply = await self._database.run_kept(
            "commit",
            turn.incoming.conversation,
            turn.id,
            turn.token,
            turn.conversation.epoch,
            exchange.answer.id,
            self._today(),
            len(usage) // 2,
            *usage,
            *(argument for message in messages for argument in message_arguments(message)),
        )
        held(turn, reply)

    async def choose(self, turn: Turn, answer: Message) -> None:
        words = (turn.conversation.epoch, answer.id, answer.parent or "")
        await self._database.run_held("choose", turn, *words)

    async def shown_as(self, conversation: ConversationId, ref: Ref) -> MessageId | None:
        found = await self._database.run("shown_as", conversation, conversation, ref)
        return MessageId(found) if found else None

    async def refs(self, conversation: ConversationId, message: MessageId) -> tuple[Ref, ...]:
        return tuple(map(Ref, await self._database.run("refs", conversation, conversation, message)))

    async def usage(self, conversation: ConversationId) -> UsageReport:
        fields = await self._database.link.execute("HGETALL", self._database.key("u", conversation))
        days = usage_by_day(fields)
        return UsageReport(_sum(days.values()), days.get(self._today(), NO_USAGE))

    def _today(self) -> str:
        return datetime.fromtimestamp(self._database.clock.now(), UTC).strftime("%Y-%m-%d")


def _sum(usages: Iterable[Usage]) -> Usage:
    return sum(usages, NO_USAGE)
